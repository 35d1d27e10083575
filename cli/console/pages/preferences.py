"""The reader's language and colours, kept in cookies."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console.forms import back_to, posted, text
from cli.console.rendering import LANGUAGE_COOKIE, THEME_COOKIE, THEMES
from cli.console.words.texts import LANGUAGES

_A_YEAR = 365 * 24 * 3600


@posted
def _save(_request: Request, form: FormData) -> Response:
    answer = back_to(form)
    for field, allowed, cookie in (
        ("language", LANGUAGES, LANGUAGE_COOKIE),
        ("theme", THEMES, THEME_COOKIE),
    ):
        if (value := text(form, field)) in allowed:
            answer.set_cookie(cookie, value, max_age=_A_YEAR, httponly=True, samesite="strict")
    return answer


ROUTES = [Route("/preferences", _save, methods=["POST"])]
