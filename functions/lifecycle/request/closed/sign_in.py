"""Whether a runtime is to answer only its gateway, and what may not change with that."""

from __future__ import annotations

from typing import Any

from lifecycle.errors import InvalidRequestError
from lifecycle.record import Record
from lifecycle.request.auth import Auth
from lifecycle.request.model import Request

# Where the smoke test finds its own caller says nothing about who may call.
_OTHER_MEMBERS = {"token_secret_arn"}


def is_closed(request: Request, record: Record | None) -> bool:
    """Whether the runtime is to answer only its gateway, when the execution is done.

    Args:
        request: A provision says it. Everything else keeps what `live` has.
        record: The environment's record; None if there is none yet.
    """
    if request.action == "provision":
        return request.gateway is not None and request.gateway.only
    live = record.runtime.live_identity if record and record.runtime else None
    return live is not None and live.only_gateway is not None


def is_guarded_by_policy(request: Request, record: Record | None) -> bool:
    """Whether the runtime is to answer only its gateway, and its callers sign with IAM.

    Such a runtime has no lock in its versions: a resource policy lets nobody but the gateway's role call it.

    Args:
        request: As for `is_closed`, with the sign-in of the version that it is about.
        record: The environment's record.
    """
    return request.auth.type == "iam" and is_closed(request, record)


def refuse_another_sign_in(request: Request, record: Record | None) -> None:
    """Refuse a version with another sign-in behind a gateway that `live` is called through.

    A gateway has one sign-in. The version is tested through it before it is promoted, so the callers of `live` would
    be refused from then on, and for good if the version fails.

    Args:
        request: With every field filled in.
        record: The environment's record.

    Raises:
        InvalidRequestError: The sign-in is another one than that of `live`.
    """
    if record is None or record.gateway is None or record.gateway.id is None:
        return
    live = record.proven_request
    if request.action == "teardown" or live is None or not is_closed(request, record):
        return
    before = Auth.model_validate(live.get("auth") or {})
    if _sign_in(before) == _sign_in(request.auth):
        return
    if request.action == "rollback":
        raise InvalidRequestError(
            f"version: given '{request.version}', allowed: a version with the sign-in of the version that live serves, "
            "because the runtime answers only its gateway, which has one sign-in; to go back to it, provision its auth "
            "without gateway.only, then with it"
        )
    raise InvalidRequestError(
        f"auth: given another sign-in (type '{request.auth.type}') than that of the version that live serves (type "
        f"'{before.type}'), allowed: the same one, while gateway.only is true; provision the new auth without "
        "gateway.only, then with it"
    )


def refuse_closing(request: Request, record: Record | None) -> None:
    """Refuse to close a runtime while the environment has an MCP gateway.

    An environment has one gateway, and that of a closed runtime is made before its version is tested. The callers of
    the tools would lose theirs, also if the version fails.

    Args:
        request: With every field filled in.
        record: The environment's record.

    Raises:
        InvalidRequestError: The environment has an MCP gateway, and the request is to close the runtime.
    """
    if request.action != "provision" or request.gateway is None or not request.gateway.only:
        return
    if record is not None and record.gateway is not None and record.gateway.mcp is not None:
        raise InvalidRequestError(
            "gateway.only: given true, allowed: false while the environment has an MCP gateway, which the gateway in "
            "front of the runtime would take the place of before the version is tested; provision gateway.type runtime "
            "without only, then with it"
        )


def _sign_in(auth: Auth) -> dict[str, Any]:
    return auth.model_dump(exclude=_OTHER_MEMBERS) | {"flow": auth.cognito_flow}
