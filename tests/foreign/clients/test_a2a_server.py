"""The smoke test's conversation, held with a server of the A2A SDK: with a reading of the protocol that is not ours."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lifecycle.smoke_test.conversations.a2a_conversation import converse
from lifecycle.smoke_test.conversations.conversation import Conversation, Line
from lifecycle.smoke_test.invocation import Answer, Message
from tests.foreign.clients.environments import PROJECT, python_of

PROGRAM = Path(__file__).with_name("a2a_server.py")


@pytest.fixture(scope="module", params=["0.3", "1.0", "1.0 0.3"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with subprocess.Popen(
        [python_of("clients"), PROGRAM, *request.param.split()],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port.isdecimal()
        yield f"http://127.0.0.1:{port}/"
        server.terminate()


def talk(url: str, prompt: str, *, passes_headers: bool = True) -> Conversation:
    """Hold the conversation, through something that passes the version's header on, or does not."""

    def send(message: Message) -> Answer:
        headers = {"Accept": message.accept, "Content-Type": "application/json"}
        if passes_headers and message.a2a_version is not None:
            headers["A2A-Version"] = message.a2a_version
        response = httpx.request(
            "GET" if message.card else "POST",
            f"{url}.well-known/agent-card.json" if message.card else url,
            content=message.body,
            headers=headers,
            timeout=30,
            trust_env=False,
        )
        kind = response.headers.get("content-type", "").partition(";")[0]
        return Answer(response.status_code, response.reason_phrase, response.text, kind)

    return converse(Line(send, lambda _tries: False), prompt)


def test_a_message_is_answered(url: str) -> None:
    conversation = talk(url, "今の天気はどうですか？")
    assert (conversation.answer.status, conversation.problem) == (200, None)
    assert conversation.text == "echo of 今の天気はどうですか？"


def test_a_task_that_fails_is_a_problem(url: str) -> None:
    assert talk(url, "fail").problem == "the task is failed: sorry"


def test_without_its_header_version_1_is_not_understood(
    url: str, request: pytest.FixtureRequest
) -> None:
    conversation = talk(url, "hello", passes_headers=False)
    if request.node.callspec.params["url"] == "1.0":
        assert "add A2A-Version to runtime.requestHeaders" in str(conversation.problem)
    else:
        assert conversation.text == "echo of hello"
