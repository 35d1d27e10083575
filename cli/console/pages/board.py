"""`/`: the environments of the stack."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console.paging import page_of
from cli.console.rendering import place_of, render
from cli.environments.summary import summary
from cli.environments.table import EnvironmentsTable
from cli.perform.naming import name_of
from lifecycle.record import State

PAGE_SIZE = 50
_STATES = get_args(State)


def _board(request: Request) -> Response:
    every = [_row(item) for item in EnvironmentsTable(place_of(request)).summaries()]
    every.sort(key=lambda one: str(one["environment"]))
    name = request.query_params.get("name", "").strip().lower()
    state = request.query_params.get("state", "")
    found = [
        one
        for one in every
        if name in one["environment"].lower() and (state not in _STATES or one["state"] == state)
    ]
    counts = Counter(one["state"] for one in every)
    return render(
        request,
        "board.html",
        page=page_of(request, found, PAGE_SIZE),
        total=len(every),
        counts=[(one, counts[one]) for one in _STATES if counts[one]],
        states=_STATES,
        name=name,
        state=state,
    )


def _row(item: dict[str, Any]) -> dict[str, Any]:
    found = summary(item)
    deployment = (item.get("runtime") or {}).get("deployment") or {}
    return {
        **found,
        "execution": name_of(found["lockedBy"]) if found["lockedBy"] else None,
        # What the last deployment found changed by others, and changed back.
        "repaired": deployment.get("repaired") or [],
    }


ROUTES = [Route("/", _board)]
