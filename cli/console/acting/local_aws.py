"""The API of the local AWS that a console is of."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from cli.console.rendering import place_of
from cli.target.local_api import LocalApi


def local_api(request: Request) -> LocalApi:
    """Return a client for the local AWS.

    Raises:
        HTTPException: 404: the stack is in AWS, which has no such API.
    """
    url = place_of(request).endpoint_url
    if url is None:
        raise HTTPException(404)
    return LocalApi(url)
