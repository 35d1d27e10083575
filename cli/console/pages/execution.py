"""`/executions/{name}`: one execution as a graph, its stages on a time axis, and one of its states in full."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console.execution import log
from cli.console.execution.picture import picture
from cli.console.execution.story import moment_of, story
from cli.console.execution.visits import Visit
from cli.console.execution.watched import Watched
from cli.console.paging import page_of
from cli.console.redaction import shown
from cli.console.rendering import PART, Console, console_of, render, texts_for
from cli.environments.moments import iso_of
from cli.perform.naming import describe, is_of_fleet
from cli.target.denied import DeniedError

EVENTS_A_PAGE = 100
_ROUNDS = 20
_LOG = "log"


def _execution(request: Request) -> Response:
    console = console_of(request)
    client = console.place.client("stepfunctions")
    description = describe(console.place, client, _name(request))
    arn = description["executionArn"]
    watched = console.watch.of(client, arn)
    state = request.query_params.get("state")
    with watched.lock:
        watched.read()
        visits = watched.visits.of(state) if state else []
        if request.query_params.get(PART) == _LOG:
            return _log(request, console, arn, state, visits)
        fleet = is_of_fleet(console.place, arn)
        told = story(description, watched, fleet=fleet)
        return render(
            request,
            "execution.html",
            name=told.told["name"],
            story=told,
            deployed=console.notes.of(told.told["name"]),
            input=shown(description.get("input")),
            output=shown(description.get("output")),
            events=len(watched.events),
            **_graph(request, console, arn, watched, state),
            selected=_selected(request, state, visits) if state else None,
            has_log=state is not None and log.handler_of(state) is not None,
            log=None,
        )


def _graph(
    request: Request, console: Console, arn: str, watched: Watched, state: str | None
) -> dict[str, Any]:
    """Return the graph, or what AWS denies: who may read executions need not read definitions."""
    words = texts_for(request)
    try:
        definition = console.definition_of(console.place.client("stepfunctions"), arn)
    except DeniedError as error:
        return {"graph": None, "denied": str(error)}
    drawn = picture(
        definition,
        watched.visits.statuses(),
        state,
        words("execution.graph_of", name=arn.rpartition(":")[2]),
        lambda status: words.known(f"state.{status}", status),
    )
    return {"graph": drawn, "denied": None}


def _selected(request: Request, state: str, visits: list[Visit]) -> dict[str, Any]:
    """Return what the page shows of one state: its last visits, and one of them in full."""
    asked = request.query_params.get("visit", "")
    visit = next((one for one in visits if str(one.id) == asked), visits[-1] if visits else None)
    return {
        "state": state,
        "total": len(visits),
        "visits": [
            {"visit": one, "number": len(visits) - index, **moment_of(one)}
            for index, one in enumerate(visits[: -_ROUNDS - 1 : -1])
        ],
        "visit": visit,
        "number": visits.index(visit) + 1 if visit else 0,
        "given": shown(visit.given) if visit else "",
        "output": shown(visit.output) if visit else "",
        "failures": [(one.error, one.message) for one in visit.failures] if visit else [],
    }


def _log(
    request: Request, console: Console, arn: str, state: str | None, visits: list[Visit]
) -> Response:
    found = log.lines(console.place, arn, state, visits) if state else None
    return render(
        request, "execution.html", log=found or [], most=log.MOST_LINES, selected={"state": state}
    )


def _events(request: Request) -> Response:
    console = console_of(request)
    client = console.place.client("stepfunctions")
    description = describe(console.place, client, _name(request))
    watched = console.watch.of(client, description["executionArn"])
    with watched.lock:
        watched.read()
        page = page_of(request, watched.events, EVENTS_A_PAGE)
        begun = description["startDate"]
        return render(
            request,
            "events.html",
            name=description["executionArn"].rpartition(":")[2],
            page=page,
            rows=[
                {
                    "id": event.id,
                    "type": event.type,
                    "at": iso_of(event.at),
                    "after": (event.at - begun).total_seconds(),
                    "state": event.details.get("name") or _state_of(watched, event.id),
                    "error": event.details.get("error"),
                    "previous": event.previous,
                }
                for event in page.items
            ],
        )


def _state_of(watched: Watched, number: int) -> str:
    visit = watched.visits.at(number)
    return visit.state if visit else ""


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name


ROUTES = [
    Route("/executions/{name}", _execution),
    Route("/executions/{name}/events", _events),
]
