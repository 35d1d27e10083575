"""`/environments/{name}/ask`: the answer as it comes, and the token that stays in the server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from cli.asking.clients import CallerClients
from cli.console.acting import conversation
from cli.console.acting.conversation import answer_of
from cli.errors import CommandError
from lifecycle.smoke_test.sign_in import SignedIn
from tests.cli.commands.records import failed, ready

TOKEN = "the-token-of-the-caller"
PATH = "/environments/shop/ask"
LINES = {"Accept": "application/x-ndjson"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """An agent that repeats the token it gets, in pieces; returns the requests that reach AgentCore."""
    requests: list[httpx.Request] = []

    class Clients(CallerClients):
        def http(
            self, seconds: float, transport: httpx.BaseTransport | None = None
        ) -> httpx.Client:
            return httpx.Client(transport=httpx.MockTransport(answer))

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.path.endswith("/stopruntimesession"):
            return httpx.Response(200, stream=httpx.ByteStream(b"{}"))
        if b"break" in request.read():
            refusal = json.dumps({"message": f"no <b> for {TOKEN}"}).encode()
            return httpx.Response(403, stream=httpx.ByteStream(refusal))

        def body() -> Iterator[bytes]:
            for piece in ("<i>", TOKEN[:9], TOKEN[9:], "</i>"):
                yield f"data: {json.dumps(piece)}\n\n".encode()

        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body())

    monkeypatch.setattr(conversation, "CallerClients", Clients)
    monkeypatch.setattr(
        conversation, "sign_in", lambda *_: SignedIn(token=SecretStr(TOKEN), credential=None)
    )
    return requests


def lines(browser: TestClient, **data: str) -> tuple[str, dict[str, Any]]:
    """Ask as the page's script does; returns the text, and how it ended."""
    answer = browser.post(PATH, data=data, headers=LINES)
    assert answer.status_code == 200
    assert TOKEN not in answer.text
    *told, end = [json.loads(line) for line in answer.text.splitlines()]
    return "".join(one["text"] for one in told), end


def test_the_answer_comes_without_the_token(
    place: Any, browser: TestClient, asked: list[httpx.Request]
) -> None:
    place.put(ready("shop"))
    text, end = lines(browser, question="Who are you?", endpoint="live")
    assert text == "<i>(hidden)</i>"
    assert end["failed"] is False
    assert end["end"].startswith("Version 2 answered in ")
    question, stop = asked
    assert question.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(question.read()) == {"prompt": "Who are you?"}
    session = "x-amzn-bedrock-agentcore-runtime-session-id"
    assert stop.headers[session] == question.headers[session]


def test_without_a_script_the_page_has_the_answer(
    place: Any, browser: TestClient, asked: list[httpx.Request]
) -> None:
    place.put(ready("shop"))
    answer = browser.post(PATH, data={"question": "Who?", "endpoint": "live"})
    assert "&lt;i&gt;(hidden)&lt;/i&gt;" in answer.text
    assert TOKEN not in answer.text
    assert len(asked) == 2


def test_a_refusal_says_what_the_command_says(
    place: Any, browser: TestClient, asked: list[httpx.Request]
) -> None:
    place.put(ready("shop"))
    text, end = lines(browser, question="break", endpoint="live")
    assert text == ""
    assert end["failed"] is True
    assert "AgentCore refuses the environment's own token" in end["end"]
    assert "lifecycle run --stack mine --environment shop" in end["end"]
    page = browser.post(PATH, data={"question": "break"})
    assert "no &lt;b&gt; for (hidden)" in page.text
    assert TOKEN not in page.text
    assert len(asked) == 4


def test_what_cannot_be_asked_says_why(
    place: Any,
    browser: TestClient,
    asked: list[httpx.Request],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place.put(failed("shop"))
    _, end = lines(browser, question="Who?", endpoint="live")
    assert end["failed"] is True
    assert "environment shop has no runtime yet" in end["end"]
    place.put(ready("shop"))

    def refuse(*_: object) -> SignedIn:
        raise CommandError("cannot sign in to environment shop: no")

    monkeypatch.setattr(conversation, "sign_in", refuse)
    assert lines(browser, question="Who?")[1]["end"] == "cannot sign in to environment shop: no"
    assert lines(browser, question="  ")[1]["end"] == "Type a question."
    assert asked == []


def test_a_fault_of_the_console_ends_the_answer(
    place: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError(TOKEN)

    place.put(ready("shop"))
    monkeypatch.setattr(conversation, "find_asked", break_down)
    assert lines(browser, question="Who?")[1]["end"] == "the console has a fault: ZeroDivisionError"


def test_a_reader_who_leaves_stops_the_session(
    place: Any,
    asked: list[httpx.Request],
) -> None:
    place.put(ready("shop"))
    pieces = answer_of(place, "shop", "live", "Who?")
    assert isinstance(next(pieces), str)
    pieces.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "ask":
            thread.join(10)
    assert asked[1].url.path.endswith("/stopruntimesession")


def test_the_page(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    page = browser.get(PATH).text
    assert '<label for="question">' in page
    assert 'role="log" aria-live="polite"' in page
    assert browser.get("/environments/nobody/ask").status_code == 404
