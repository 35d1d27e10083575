"""The product's AWS clients, with the credentials and the network settings of who calls the command."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cli.target.deployed import Deployed
from lifecycle.clients import Clients

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10.0
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class CallerClients(Clients):
    """The clients of a deployed stack.

    Args:
        deployed: The stack.
    """

    def __init__(self, deployed: Deployed) -> None:
        super().__init__(deployed)

    def http(self, seconds: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """Plain HTTPS through the machine's proxy, which does not apply to the local AWS. Redirects are not followed.

        Args:
            seconds: The time limit of each step of a call.
            transport: What connects; httpx's own if left out.
        """
        import httpx

        return httpx.Client(
            timeout=httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS)),
            transport=transport,
            trust_env=urlsplit(self.agentcore.meta.endpoint_url).hostname not in _THIS_MACHINE,
            follow_redirects=False,
        )
