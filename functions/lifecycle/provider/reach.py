"""Whether a provider answers at all, before anything is created that depends on it."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle.provider.bounded import TooLateError, within

if TYPE_CHECKING:
    from lifecycle.clients import Clients
    from lifecycle.settings import Networks

_TRIES = 2
_ONE_TRY = 5.0
# A provider that starts anew is back after a moment. By chance, so that many executions do not ask together.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 2.0
_RANDOM = random.SystemRandom()
CONDITIONS = (
    "its name must be known in public DNS, all of its addresses must be public, and it must answer HTTPS there with a "
    "valid certificate"
)
"""What a host must fulfil. One text for every cause, so that nobody learns which of its ports are open."""


def no_answer_of(
    clients: Clients,
    url: str,
    networks: Networks,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Ask a provider for its discovery document, without any credentials; only whether it answers counts.

    Args:
        clients: For plain HTTPS.
        url: The URL of the document; it is allowed.
        networks: Which addresses the host may have.
        sleep: Waits between the tries, seconds.

    Returns:
        None if there was an HTTP answer, whatever its status: what the document says is checked when it is used.
        Otherwise how often the provider was asked, in at most twelve seconds; not how long that took, which would tell
        whether a port is closed or filtered.
    """
    # Only a provider of the caller's own costs this import.
    import httpx

    for tries in range(_TRIES):
        if tries:
            sleep(_RANDOM.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE))
        try:
            within(_ONE_TRY, functools.partial(_ask, clients, url, networks))
        except (httpx.RequestError, httpx.InvalidURL, UnicodeError, TooLateError):
            continue
        return None
    return f"no answer in {_TRIES} tries"


def _ask(clients: Clients, url: str, networks: Networks) -> None:
    from lifecycle.provider.transport import CheckedTransport

    sent = {"Accept": "application/json", "Accept-Encoding": "identity"}
    with (
        clients.http(_ONE_TRY, CheckedTransport(networks)) as http,
        http.stream("GET", url, headers=sent),
    ):
        # The body is not read.
        return
