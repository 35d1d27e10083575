"""Application logs: one record for each call that was answered, in every log group that they are delivered to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.test import EnvironBuilder

from local.agentcore.data.target import Target
from local.agentcore.data.vended.application_logs import STREAM, ApplicationLogs

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r-0123456789"
TARGET = Target("r-0123456789", "r", ARN, "DEFAULT", "1", {})
SESSION = "s" * 33


class Lines:
    """What was written, instead of CloudWatch Logs."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, Any]] = []

    def write(self, group: str, stream: str, text: str, *, make_group: bool) -> None:
        assert not make_group, "a group that was deleted must not come back"
        self.written.append((group, stream, json.loads(text)))


class Stream:
    """An agent's answer, as it comes."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = iter(chunks)
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lines() -> Lines:
    return Lines()


def answered(lines: Lines, groups: list[str], body: bytes, stream: Stream) -> Response:
    logs: Any = lines
    application_logs = ApplicationLogs(logs, lambda _arn: groups, "123456789012", lambda: 7.5)
    request = Request(EnvironBuilder(method="POST", data=body).get_environ())
    response = Response(stream, direct_passthrough=True)
    return application_logs.record(response, request, body, TARGET, SESSION)


def test_a_record_follows_when_the_caller_has_everything(lines: Lines) -> None:
    stream = Stream(b"", b'{"answer": ', b"42}")
    response = answered(lines, ["a", "b"], b'{"prompt": "6 x 7?"}', stream)
    assert b"".join(response.response) == b'{"answer": 42}'  # type: ignore[arg-type]
    assert lines.written == []
    response.close()
    response.close()
    assert stream.closed
    assert [(group, name) for group, name, _ in lines.written] == [("a", STREAM), ("b", STREAM)]
    record = lines.written[0][2]
    assert record["body"] == {
        "request_payload": {"prompt": "6 x 7?"},
        "response_payload": {"answer": 42},
    }
    assert (record["resource_arn"], record["session_id"]) == (ARN, SESSION)
    assert (record["event_timestamp"], record["account_id"]) == (7500, "123456789012")


def test_without_a_delivery_nobody_listens(lines: Lines) -> None:
    stream = Stream(b"x")
    response = answered(lines, [], b"", stream)
    assert response.response is stream
    response.close()
    assert lines.written == []


def test_a_delivery_that_ends_during_the_call_gets_nothing(lines: Lines) -> None:
    groups = ["a"]
    response = answered(lines, groups, b"", Stream(b"x"))
    groups.clear()
    response.close()
    assert lines.written == []


def test_a_long_answer_is_cut_and_text_stays_text(lines: Lines) -> None:
    response = answered(lines, ["a"], "何?".encode(), Stream(*[b"x" * 7000] * 4))
    assert len(b"".join(response.response)) == 28_000  # type: ignore[arg-type]
    response.close()
    body = lines.written[0][2]["body"]
    assert body["request_payload"] == "何?"
    assert body["response_payload"] == "x" * 20_000
