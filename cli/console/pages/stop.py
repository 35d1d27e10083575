"""`/executions/{name}/stop`: stop an execution, after a question."""

from __future__ import annotations

from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cli.console.forms import posted, text
from cli.console.rendering import place_of, render
from cli.execution.follow import RUNNING
from cli.perform.account import asked
from cli.perform.naming import describe, is_of_fleet, name_of
from cli.perform.stopping import stop_execution
from lifecycle.request.limits.environment import environment_of

_CAUSE = "stopped in the console of lifecycle"


def _question(request: Request) -> Response:
    place = place_of(request)
    found = describe(place, place.client("stepfunctions"), request.path_params["execution"])
    arn = found["executionArn"]
    fleet = is_of_fleet(place, arn)
    return render(
        request,
        "stop.html",
        name=name_of(arn),
        state=found["status"],
        runs=found["status"] in RUNNING,
        fleet=fleet,
        environment=None if fleet else environment_of(asked(found)),
    )


@posted
def _stop(request: Request, form: FormData) -> Response:
    name = request.path_params["execution"]
    if text(form, "confirm") != name:
        return _question(request)
    found, _ = stop_execution(place_of(request), name, _CAUSE)
    return RedirectResponse(f"/executions/{quote(name_of(found['executionArn']))}", status_code=303)


ROUTES = [
    Route("/executions/{execution}/stop", _question),
    Route("/executions/{execution}/stop", _stop, methods=["POST"]),
]
