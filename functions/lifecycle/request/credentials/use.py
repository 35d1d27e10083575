"""Who uses a credential: the agent, or the gateway alone."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.request.credentials.section import Credential
from lifecycle.request.gateway.section import Gateway


def of_agent(credentials: Sequence[Credential], gateway: Gateway | None) -> list[Credential]:
    """The credentials that no target of the gateway names: the agent gets these, and none of the gateway's.

    Args:
        credentials: Of a request.
        gateway: The one that the environment has with it; None if it has none.
    """
    targets = gateway.targets if gateway is not None else []
    named = {target.credential for target in targets}
    return [one for one in credentials if one.name not in named]
