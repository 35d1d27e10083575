"""One call: where it goes, who signs it, what is heard of its answer, and what is made of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from botocore.credentials import Credentials
from pydantic import SecretStr

from cli.asking.connection import Connection, reason_of
from lifecycle.smoke_test.invocation import Answer, Message

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/dev-1234567890"
SESSION = "ask-5b0c5a3e-0000-4000-8000-000000000000"


class Listening:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def begin(self, content_type: str) -> None:
        self.heard.append(content_type)

    def hear(self, chunk: bytes) -> None:
        self.heard.append(chunk)


class Agent(httpx.SyncByteStream):
    """A body in pieces; notes for each what had been heard before it came."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self.before: list[int] = []

    def __iter__(self) -> Iterator[bytes]:
        for piece in (b"one", b"two"):
            self.before.append(len(self._listening.heard))
            yield piece


def connection(answer: Any, token: str | None) -> tuple[Connection, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        # A body that is not a stream could be read only once.
        stream = httpx.ByteStream(body) if isinstance(body, bytes) else body
        return httpx.Response(status, headers=headers, stream=stream)

    clients: Any = SimpleNamespace(
        agentcore=SimpleNamespace(meta=SimpleNamespace(endpoint_url="https://agentcore.test/")),
        http=lambda _seconds: httpx.Client(transport=httpx.MockTransport(handle)),
    )
    session = SimpleNamespace(get_credentials=lambda: Credentials("AKIAEXAMPLE", "s", "t"))
    deployed: Any = SimpleNamespace(session=session, region="us-east-1")
    asked: Any = SimpleNamespace(runtime_arn=ARN, endpoint="live", gateway_address=None)
    given = None if token is None else SecretStr(token)
    return Connection(deployed, asked, given, SESSION, clients, 5.0), requests


def test_an_answer_is_heard_while_it_comes() -> None:
    listening = Listening()
    body = Agent(listening)
    headers = {"Content-Type": "Text/Plain; a=b"}
    made, requests = connection((200, headers, body), "my-token")
    answer = made.send(Message(b'{"prompt": "hi"}'), listening)
    assert (answer.status, answer.body, answer.content_type) == (200, "onetwo", "text/plain")
    assert listening.heard == ["text/plain", b"one", b"two"]
    # The first piece was heard before the second came.
    assert body.before == [1, 2]
    sent = requests[0]
    assert str(sent.url) == (
        "https://agentcore.test/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2F"
        "dev-1234567890/invocations?qualifier=live"
    )
    assert sent.headers["authorization"] == "Bearer my-token"
    assert sent.headers["x-amzn-bedrock-agentcore-runtime-session-id"] == SESSION
    assert sent.content == b'{"prompt": "hi"}'


def test_without_a_token_the_call_is_signed() -> None:
    made, requests = connection((200, {}, b"{}"), None)
    made.send(Message(b"{}", a2a_version="1.0"))
    made.stop(SESSION)
    for request in requests:
        authorization = request.headers["authorization"]
        assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
        assert "/us-east-1/bedrock-agentcore/aws4_request" in authorization
        assert "x-amzn-bedrock-agentcore-runtime-session-id" in authorization
        assert request.headers["x-amz-security-token"] == "t"
    assert requests[0].headers["a2a-version"] == "1.0"
    assert requests[1].url.path.endswith("/stopruntimesession")


def test_a_refusal_is_not_heard() -> None:
    listening = Listening()
    headers = {"x-amzn-ErrorType": "AccessDeniedException:x"}
    made, _ = connection((401, headers, b'{"message": "no"}'), "t")
    answer = made.send(Message(b"{}"), listening)
    assert (str(answer), reason_of(answer)) == ("401 AccessDeniedException", "no")
    assert listening.heard == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ReadTimeout("late"), "no answer within 5.0 s"),
        (httpx.ConnectError("nobody"), "no answer (ConnectError)"),
    ],
)
def test_no_answer_is_an_answer_without_a_status(error: Exception, said: str) -> None:
    made, _ = connection(error, "t")
    answer = made.send(Message(b"{}"))
    assert (answer.status, str(answer)) == (None, said)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"message": "why"}', "why"),
        ('{"Message": "why"}', "why"),
        ('{"jsonrpc": "2.0", "error": {"code": -32055, "message": "why"}}', "why"),
        ('data: {"type": "RUN_ERROR", "message": "why"}\n\n', "why"),
        ("[1]", "[1]"),
        (" plain ", "plain"),
    ],
)
def test_the_reason_of_a_refusal(body: str, reason: str) -> None:
    assert reason_of(Answer(424, "x", body)) == reason
