"""`/environments/{name}`: one environment."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console.rendering import place_of, render
from cli.environments.live_url import live_url
from cli.environments.record import read_record
from cli.environments.view import view
from cli.environments.words import facts


def _environment(request: Request) -> Response:
    place = place_of(request)
    record = read_record(place, request.path_params["name"])
    found = view(record, live_url(place, record))
    return render(
        request,
        "environment.html",
        found=found,
        name=record.environment,
        facts=list(facts(found, time.time())),
    )


ROUTES = [Route("/environments/{name}", _environment)]
