"""Where `live` of an environment is called."""

from __future__ import annotations

from cli.target.deployed import Deployed
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.record import Record
from lifecycle.runtime.agentcore import invocation_url


def live_url(place: Deployed, record: Record) -> str | None:
    """Return the URL at which callers reach `live`; `None` if nothing is live."""
    runtime = record.runtime
    if runtime is None or runtime.arn is None or runtime.live_version is None:
        return None
    # The client is not used to call anything: it knows the Region's endpoint.
    return invocation_url(place.client("bedrock-agentcore"), runtime.arn, LIVE_ENDPOINT)
