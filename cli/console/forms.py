"""Forms: how a page reads what was sent. That it was sent from a page of the console, `security` has checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

MOST_BYTES = 1_000_000
"""The longest body that is read; an input of Step Functions has at most 262,144 bytes."""

Act = Callable[[Request, FormData], Response]


def posted(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint out of a function that takes the request and its form, and may block.

    Use it as a decorator: `@posted def save(request, form): ...`, and register it with `methods=["POST"]`.
    """

    async def endpoint(request: Request) -> Response:
        length = request.headers.get("content-length", "")
        # Without a length, the body could be endless.
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise HTTPException(413)
        return await run_in_threadpool(act, request, await request.form())

    return endpoint


def text(form: FormData, name: str) -> str:
    """Return a field of a form as text; empty if it is not there, or is a file."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def back_to(form: FormData, otherwise: str = "/") -> RedirectResponse:
    """Return to the page that the form's field `back` names: a path of the console."""
    path = text(form, "back")
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return RedirectResponse(path if safe else otherwise, status_code=303)
