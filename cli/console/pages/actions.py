"""`/environments/{name}/…`: verify, roll back, tear down or redeploy an environment.

Verify starts at once. What changes or removes something shows first what a dry run says.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cli.console.acting.dry_run import DryRun, read_dry_run
from cli.console.acting.starting import start_deployed
from cli.console.acting.steps import STEPS, input_of
from cli.console.forms import posted, text
from cli.console.rendering import console_of, place_of, render
from cli.environments.record import read_record
from cli.errors import CommandError, UsageError
from cli.perform.execution import start
from cli.perform.naming import name_of
from cli.perform.request import check
from cli.target.deployed import Deployed, lifecycle_of
from lifecycle.record import Record


def _show(request: Request) -> Response:
    return _page(request, request.query_params.get("version", ""))


@posted
def _act(request: Request, form: FormData) -> Response:
    place, action = place_of(request), _action(request)
    record = read_record(place, request.path_params["name"])
    version = text(form, "version").strip()
    try:
        value = input_of(action, record, version)
        check(place, value)
    except UsageError as error:
        return _page(request, version, str(error))
    if text(form, "step") != "do":
        try:
            name = _dry_started(request, action, {**value, "dryRun": True})
        except CommandError as error:
            return _page(request, version, str(error))
        query = {"dryRun": name} | ({"version": version} if version else {})
        return RedirectResponse(f"{_path(record, action)}?{urlencode(query)}", status_code=303)
    if text(form, "confirm") != record.environment:
        return _page(request, version, key="act.unconfirmed")
    dry = read_dry_run(place, text(form, "dryRun"), value, record)
    if dry.does is None or not dry.allows:
        return _page(request, version, key="act.old" if dry.old else "act.dry_first")
    return _started(place, dry.does)


@posted
def _verify(request: Request, _form: FormData) -> Response:
    place = place_of(request)
    value = {"action": "smokeTest", "environment": request.path_params["name"]}
    check(place, value)
    return RedirectResponse(f"/executions/{quote(start_deployed(request, value))}", status_code=303)


def _dry_started(request: Request, action: str, value: dict[str, Any]) -> str:
    # A redeploy then does what its dry run showed, so only the dry run deploys what has changed.
    if action == "redeploy":
        return start_deployed(request, value)
    return name_of(start(lifecycle_of(place_of(request)), value))


def _started(place: Deployed, value: dict[str, Any]) -> Response:
    arn = start(lifecycle_of(place), value)
    return RedirectResponse(f"/executions/{quote(name_of(arn))}", status_code=303)


def _page(request: Request, version: str, error: str = "", key: str = "") -> Response:
    place, action = place_of(request), _action(request)
    record = read_record(place, request.path_params["name"])
    dry = None if error or key else _dry_run(request, place, record, version)
    return render(
        request,
        "act.html",
        status=422 if error or key else 200,
        name=record.environment,
        action=action,
        here=_path(record, action),
        version=version,
        versions=_versions(record),
        dry=dry,
        deployed=console_of(request).notes.of(dry.name) if dry else (),
        error=error,
        key=key,
    )


def _dry_run(request: Request, place: Deployed, record: Record, version: str) -> DryRun | None:
    name = request.query_params.get("dryRun")
    if not name:
        return None
    return read_dry_run(place, name, input_of(_action(request), record, version), record)


def _versions(record: Record) -> list[tuple[str, str]]:
    """Return the versions that can be live again, the newest promotion first, with the time of that promotion."""
    runtime = record.runtime
    found: dict[str, str] = {}
    for one in reversed(record.promotions):
        if runtime and one.runtime_id == runtime.id and one.version != runtime.live_version:
            found.setdefault(one.version, one.promoted_at)
    return list(found.items())


def _action(request: Request) -> str:
    action: str = request.path_params["action"]
    if action not in STEPS:
        raise HTTPException(404)
    return action


def _path(record: Record, action: str) -> str:
    return f"/environments/{record.environment}/{action}"


ROUTES = [
    Route("/environments/{name}/verify", _verify, methods=["POST"]),
    Route("/environments/{name}/{action}", _show),
    Route("/environments/{name}/{action}", _act, methods=["POST"]),
]
