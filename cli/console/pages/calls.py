"""`/calls`: the AWS calls that reached the local AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console.acting.local_aws import local_api
from cli.console.paging import page_of
from cli.console.rendering import render

PAGE_SIZE = 100
_FILTERS = ("service", "operation", "caller")
_FAILED = "failed"
_UNANSWERED = "none"


def _calls(request: Request) -> Response:
    api = local_api(request)
    given = {name: request.query_params.get(name, "").strip() for name in (*_FILTERS, "status")}
    every = api.calls(**{name: given[name] or None for name in _FILTERS})
    found = [one for one in reversed(every) if _has(one["status"], given["status"])]
    page = page_of(request, found, PAGE_SIZE)
    return render(
        request,
        "calls.html",
        page=page,
        rows=[_row(one) for one in page.items],
        given=given,
        filtered=any(given.values()),
        statuses=(_FAILED, _UNANSWERED),
    )


def _has(status: int | None, wanted: str) -> bool:
    if wanted == _FAILED:
        return status is not None and status >= 400
    if wanted == _UNANSWERED:
        return status is None
    return wanted in ("", str(status))


def _row(call: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(call["at"], UTC)
    return {
        **call,
        "iso": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "clock": f"{at:%H:%M:%S.%f}"[:-3],
        "failed": call["status"] is not None and call["status"] >= 400,
    }


ROUTES = [Route("/calls", _calls)]
