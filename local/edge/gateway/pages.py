"""Tells moto's pages of HTML from answers: what moto does not have is no error of any AWS service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PAGES = (b"<!doctype html", b"<html")


class WithoutPages:
    """A WSGI application that raises where another one answers with a page of HTML that says that something failed.

    The type in the answer's header alone does not tell: moto gives it to errors in JSON, too, and S3 serves pages.

    Args:
        app: The application, such as moto.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request.

        Raises:
            NotImplementedError: The answer is such a page.
        """
        held: list[tuple[str, list[tuple[str, str]]]] = []

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kind = next((v for name, v in headers if name.lower() == "content-type"), "")
            if status >= "4" and kind.startswith("text/html"):
                held.append((status, headers))
                return lambda _: None
            if exc_info:
                return start_response(status, headers, exc_info)
            return start_response(status, headers)

        chunks = self._app(environ, started)
        if not held:
            return chunks
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = held[-1]
        if body.lstrip().lower().startswith(_PAGES):
            raise NotImplementedError(f"{status}: a page of HTML")
        start_response(status, headers)
        return [body]
