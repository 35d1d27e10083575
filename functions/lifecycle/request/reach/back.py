"""Whether the MCP gateway of an environment, which a rollback keeps, fits the version that it goes back to."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from lifecycle.errors import InvalidRequestError
from lifecycle.record import Record
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.inputs import shown
from lifecycle.request.model import Request
from lifecycle.request.together.gateway import refuse_targets


def kept_gateway(record: Record) -> Gateway | None:
    """The section `gateway` that an environment's MCP gateway was made from; None if it has none."""
    mcp = record.gateway.mcp if record.gateway else None
    return Gateway.model_validate(mcp.asked) if mcp else None


def refuse_version(request: Request, record: Record) -> None:
    """Refuse a version whose request the gateway's targets do not fit, before `live` moves to it.

    Args:
        request: Of the rollback, with what the version was provisioned with.
        record: The environment's.

    Raises:
        InvalidRequestError: Names the target's field, its value and what it needs of the version's request.
    """
    gateway = kept_gateway(record)
    if gateway is None:
        return
    try:
        refuse_targets(gateway, request.auth, request.runtime, request.credentials)
    except PydanticCustomError as error:
        (field, given, allowed), *_ = (error.context or {})["found"]
        raise InvalidRequestError(
            f"version: given {shown(request.version)}, allowed: a version that fits the MCP gateway, which a rollback "
            f"keeps ({field}: given {shown(given)}, allowed: {allowed}); provision what you want instead"
        ) from None
