"""What a page says when it cannot be made: AWS refuses, nothing is there, or the address is wrong."""

from __future__ import annotations

import logging

from botocore.exceptions import BotoCoreError, ClientError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cli.console.rendering import render
from cli.errors import CommandError, UsageError
from cli.target.denied import DeniedError

_LOGGER = logging.getLogger(__name__)


def of_command(request: Request, error: Exception) -> Response:
    """Answer to an error of the command line's code: its text is one line for the user."""
    if isinstance(error, DeniedError):
        return _page(request, 403, "failure.denied", str(error))
    if isinstance(error, UsageError):
        return _page(request, 404, "failure.missing", str(error))
    return _page(request, 502, "failure.aws", str(error))


def of_aws(request: Request, error: Exception) -> Response:
    """Answer to an error of AWS, or of the way to it."""
    return _page(request, 502, "failure.aws", str(error))


def of_http(request: Request, error: Exception) -> Response:
    """Answer to an address that does not exist, or a method that it does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _page(request, status, "failure.missing" if status == 404 else "failure.refused", "")


def unexpected(request: Request, error: Exception) -> Response:
    """Answer to a fault of the console itself; the log has where, the page does not."""
    _LOGGER.error("%s %s", request.method, request.url.path, exc_info=error)
    return _page(request, 500, "failure.fault", type(error).__name__)


HANDLERS = {
    CommandError: of_command,
    ClientError: of_aws,
    BotoCoreError: of_aws,
    HTTPException: of_http,
    Exception: unexpected,
}


def _page(request: Request, status: int, title: str, detail: str) -> Response:
    return render(request, "failure.html", status=status, title=title, detail=detail)
