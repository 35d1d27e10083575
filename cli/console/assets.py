"""The files beside the pages: our style and script, and htmx out of the package that brings it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent / "static"
_OURS = {
    "console.css": "text/css",
    "parts.css": "text/css",
    "console.js": "text/javascript",
    "acts.css": "text/css",
    "acts.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_HTMX = "htmx.js"


def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name == _HTMX:
        # The package is one of Django, which is not installed: its file is found, its code is not imported.
        files = metadata.distribution("django-htmx")
        path = Path(str(files.locate_file("django_htmx/static/django_htmx/htmx-4.min.js")))
        return FileResponse(path, media_type="text/javascript")
    if name not in _OURS:
        raise HTTPException(404)
    return FileResponse(_FOLDER / name, media_type=_OURS[name])


ROUTES = [Route("/static/{name}", _asset)]
