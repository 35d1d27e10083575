"""The request of a rollback: which version it goes back to, and what that version was provisioned with."""

from __future__ import annotations

from typing import Any

from lifecycle.errors import InvalidRequestError
from lifecycle.promotions.entry import Promoted, before, of_version
from lifecycle.promotions.store import PromotionItems, Provisioned
from lifecycle.record import Record
from lifecycle.request.artifact import Artifact
from lifecycle.request.credentials.use import of_agent
from lifecycle.request.inputs import shown
from lifecycle.request.model import Request
from lifecycle.request.reach.back import kept_gateway, refuse_version
from lifecycle.request.smoke_test import merged


def completed(request: Request, record: Record, items: PromotionItems) -> Request:
    """Fill in what a rollback leaves out, from the promotion that it goes back to.

    Args:
        request: The input, with action `rollback`.
        record: The environment's record.
        items: What its versions were provisioned with.

    Returns:
        The request that made the version, with the action, the version and the waits of this one. Its artifact is
        pinned as it was published then. Fields of `smokeTest` in the input win.

    Raises:
        InvalidRequestError: There is no such version to go back to (the message names those that there are), the
            environment's MCP gateway does not fit it or has taken a credential of its agent, or the input has a field
            that only counts for cases, and there are none.
    """
    runtime = record.runtime
    live = runtime.live_version if runtime else None
    promotions = [one for one in record.promotions if runtime and one.runtime_id == runtime.id]
    wanted = of_version(promotions, request.version) if request.version else None
    if request.version is None and live is not None:
        wanted = before(promotions, live)
    provisioned = items.read(record.environment, wanted) if wanted else None
    if wanted is None or provisioned is None or wanted.version == live:
        raise _refusal(request, live, promotions)
    last = Request.model_validate({**provisioned.request, "wait": {}})
    whole = last.model_copy(
        update={
            "action": "rollback",
            "version": wanted.version,
            "environment": request.environment,
            "wait": request.wait,
            "teardown": "never",
            # It changes nothing about when the environment expires.
            "ttl_hours": None,
            "dry_run": request.dry_run,
            # What delivers logs and traces is the runtime's, whatever version is live.
            "observability": False,
            # The gateway stays as it is: its target is `live`, whatever version that serves.
            "gateway": None,
            # Whoever goes back goes at once.
            "promotion": None,
            "smoke_test": merged(last.smoke_test, request.smoke_test, last.runtime.protocol),
        }
    )
    refuse_version(whole, record)
    _refuse_what_the_gateway_has(last, record, wanted.version)
    return _pinned(whole, provisioned)


def _refuse_what_the_gateway_has(last: Request, record: Record, version: str) -> None:
    """A credential is the agent's or the gateway's, and the gateway stays."""
    then = {one.name for one in of_agent(last.credentials, last.gateway)}
    taken = then - {one.name for one in of_agent(last.credentials, kept_gateway(record))}
    if taken:
        raise InvalidRequestError(
            f"version: given {shown(version)}, allowed: a version whose agent uses no credential that the MCP gateway, "
            f"which a rollback keeps, signs in with ({', '.join(sorted(taken))}); provision what you want instead"
        )


def as_provision(request: Request) -> dict[str, Any]:
    """The request of a provision or rollback, as JSON, as the provision that makes the same version."""
    return {**request.to_json(), "action": "provision", "version": None}


def _refusal(request: Request, live: str | None, promotions: list[Promoted]) -> InvalidRequestError:
    there = dict.fromkeys(one.version for one in promotions if one.version != live)
    if not there or live is None:
        serves = f"live serves version {live}" if live else "live serves no version"
        return InvalidRequestError(
            f"action: given 'rollback', allowed: only after another version was promoted; {serves}, and the record has "
            "no promotion of another one; provision what you want instead"
        )
    given = f"'{request.version}'" if request.version else "nothing"
    known = ", ".join(sorted(there, key=int))
    what = (
        f"a version that is not live already ({known})"
        if request.version == live
        else f"a version that was promoted, and that the record still has ({known})"
    )
    return InvalidRequestError(
        f"version: given {given}, allowed: {what}; live serves version {live}"
    )


def _pinned(request: Request, provisioned: Provisioned) -> Request:
    """The request with the artifact as it was published then, unless the request would be too long with it."""
    artifact = _pinned_artifact(request.artifact, provisioned.artifact or {})
    return request.changed_if_it_fits(artifact=artifact)


def _pinned_artifact(asked: Artifact, published: dict[str, Any]) -> Artifact:
    if asked.container_uri is not None:
        uri = published.get("containerUri") or asked.container_uri
        return asked.model_copy(update={"container_uri": uri})
    version = (published.get("source") or {}).get("versionId")
    for name, given in (("source", asked.source), ("package", asked.package)):
        if given is not None and version is not None:
            return asked.model_copy(update={name: given.model_copy(update={"version_id": version})})
    return asked
