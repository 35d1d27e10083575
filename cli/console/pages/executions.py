"""`/executions`: the executions of the lifecycle or of the fleet, with search."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console.execution.search import Wanted, line, search
from cli.console.paging import page_of
from cli.console.rendering import console_of, render
from cli.target.target import FLEET_OUTPUT, MACHINE_OUTPUT

PAGE_SIZE = 25
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
_FLEET = "fleet"


def _executions(request: Request) -> Response:
    console = console_of(request)
    query = request.query_params
    fleet = query.get("of") == _FLEET
    wanted = Wanted(
        console.place.output(FLEET_OUTPUT if fleet else MACHINE_OUTPUT),
        fleet=fleet,
        status=query.get("status", "") if query.get("status") in STATUSES else "",
        name=query.get("name", "").strip().lower(),
        environment="" if fleet else query.get("environment", "").strip(),
    )
    client = console.place.client("stepfunctions")
    found, more = search(client, wanted, console.subjects)
    page = page_of(request, found, PAGE_SIZE)
    return render(
        request,
        "executions.html",
        page=page,
        rows=[
            line(one, console.subjects.of(client, one["executionArn"], fleet=fleet))
            for one in page.items
        ],
        more=more,
        wanted=wanted,
        statuses=STATUSES,
        fleet=fleet,
    )


ROUTES = [Route("/executions", _executions)]
