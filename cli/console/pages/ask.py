"""`/environments/{name}/ask`: ask the agent a question; the answer is shown while it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cli.asking.subject import NEWEST_ENDPOINT
from cli.console.acting.conversation import End, answer_of
from cli.console.forms import posted, text
from cli.console.rendering import place_of, render, texts_for
from cli.console.words.texts import Texts
from cli.environments.record import read_record
from lifecycle.names import LIVE_ENDPOINT

_LINES = "application/x-ndjson"
_ENDPOINTS = (LIVE_ENDPOINT, NEWEST_ENDPOINT)


def _show(request: Request) -> Response:
    return _page(request, endpoint=LIVE_ENDPOINT)


@posted
def _ask(request: Request, form: FormData) -> Response:
    question, endpoint = text(form, "question").replace("\r\n", "\n"), text(form, "endpoint")
    words = texts_for(request)
    endpoint = endpoint if endpoint in _ENDPOINTS else LIVE_ENDPOINT
    streams = request.headers.get("accept") == _LINES
    if not question.strip():
        if streams:
            lines = iter([_line(end=words("ask.no_question"), failed=True)])
            return StreamingResponse(lines, media_type=_LINES)
        return _page(request, endpoint=endpoint, told=words("ask.no_question"), failed=True)
    pieces = answer_of(place_of(request), request.path_params["name"], endpoint, question)
    if streams:
        return StreamingResponse(_lines(pieces, words), media_type=_LINES)
    # Without a script, the page shows the whole answer at its end. The question may be confidential.
    answer, told, failed = "", "", False
    for piece in pieces:
        if isinstance(piece, End):
            told, failed = _told(piece, words), piece.failure is not None
        else:
            answer += piece
    return _page(request, endpoint=endpoint, answer=answer, told=told, failed=failed)


def _lines(pieces: Iterator[str | End], words: Texts) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, End):
            yield _line(end=_told(piece, words), failed=piece.failure is not None)
        elif piece:
            yield _line(text=piece)


def _line(**values: object) -> str:
    return f"{json.dumps(values, ensure_ascii=False)}\n"


def _told(end: End, words: Texts) -> str:
    """Say how a question ended."""
    if end.failure is not None:
        told = end.failure
    elif end.version is None:
        told = words("ask.took", seconds=end.seconds)
    else:
        told = words("ask.took_of", seconds=end.seconds, version=end.version)
    return f"{told}\n{end.left}" if end.left else told


def _page(
    request: Request, *, endpoint: str, answer: str = "", told: str = "", failed: bool = False
) -> Response:
    record = read_record(place_of(request), request.path_params["name"])
    return render(
        request,
        "ask.html",
        name=record.environment,
        endpoint=endpoint,
        endpoints=_ENDPOINTS,
        answer=answer,
        told=told,
        failed=failed,
    )


ROUTES = [
    Route("/environments/{name}/ask", _show),
    Route("/environments/{name}/ask", _ask, methods=["POST"]),
]
