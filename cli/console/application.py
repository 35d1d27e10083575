"""The console as an ASGI application.

To add a page, write a module in `cli/console/pages/` and add one line below; for a section of its own, also one line in
`cli/console/navigation.py`.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from cli.console import assets, failures
from cli.console.clients import Shared
from cli.console.pages import (
    actions,
    ask,
    board,
    calls,
    environment,
    execution,
    executions,
    faults,
    preferences,
    start,
    stop,
)
from cli.console.rendering import Console, texts_for
from cli.console.rendering import environment as templates
from cli.console.security import Gate, Guard, path_of
from cli.target.deployed import Deployed

_PAGES = (
    board,
    environment,
    executions,
    execution,
    preferences,
    start,
    # Before `actions`, whose routes take any word.
    ask,
    actions,
    stop,
    calls,
    faults,
)


def application(place: Deployed, gate: Gate) -> ASGIApp:
    """Make the console of a stack.

    Args:
        place: The stack.
        gate: What a request must bring.
    """
    routes = [route for page in (assets, *_PAGES) for route in page.ROUTES]
    app = Starlette(routes=routes, exception_handlers={**failures.HANDLERS})
    app.state.console = Console(Shared.of(place), local=place.endpoint_url is not None)
    return Guard(app, gate, _refuse)


def _refuse(request: Request, key: str) -> Response:
    """Answer to a request that the guard refuses, without any file that it would refuse as well."""
    page = templates().get_template("refused.html")
    html = page.render(t=texts_for(request), key=key, address=path_of(request))
    return HTMLResponse(html, 403)
