"""Asynchronous invocations: three tries, then the dead-letter queue."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from local.services.functions import async_invocation
from local.services.functions.async_invocation import invoke_later
from local.services.functions.result import Result
from local.services.functions.spec import FunctionSpec


class Queue:
    """SQS, as far as it is needed."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.came = threading.Event()

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"QueueUrl": f"https://queue/{QueueName}"}

    def send_message(self, **message: Any) -> None:
        self.messages.append(message)
        self.came.set()


class Function:
    """Fails as often as it is told, then succeeds."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0
        self.succeeded = threading.Event()

    def __call__(self) -> Result:
        self.calls += 1
        if self.calls <= self.failures:
            return Result.failure("Oops", "it broke")
        self.succeeded.set()
        return Result(b"null")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_invocation, "RETRY_SECONDS", (0.0, 0.0))


def spec(dead_letter_arn: str | None) -> FunctionSpec:
    return FunctionSpec("F", "f", "arn", "h", Path(), "role", dead_letter_arn=dead_letter_arn)


def test_an_event_that_fails_twice_is_done_at_the_third_try() -> None:
    queue, function = Queue(), Function(2)
    invoke_later(
        spec("arn:aws:sqs:r:1:lost"),
        b"{}",
        "id",
        invoke=function,
        client=lambda _: queue,
        closing=threading.Event(),
    )
    assert function.succeeded.wait(5)
    assert (function.calls, queue.messages) == (3, [])


def test_an_event_that_fails_three_times_is_kept_with_the_reason() -> None:
    queue, function = Queue(), Function(99)
    invoke_later(
        spec("arn:aws:sqs:r:1:lost"),
        b'{"n": 1}',
        "id-7",
        invoke=function,
        client=lambda _: queue,
        closing=threading.Event(),
    )
    assert queue.came.wait(5)
    assert function.calls == 3
    (message,) = queue.messages
    assert (message["QueueUrl"], json.loads(message["MessageBody"])) == (
        "https://queue/lost",
        {"n": 1},
    )
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": "id-7", "ErrorCode": "200", "ErrorMessage": "it broke"}


def test_nothing_is_tried_again_while_the_embedded_aws_ends() -> None:
    queue, function, closing = Queue(), Function(99), threading.Event()
    closing.set()
    invoke_later(
        spec("arn:aws:sqs:r:1:lost"),
        b"{}",
        "id",
        invoke=function,
        client=lambda _: queue,
        closing=closing,
    )
    for thread in threading.enumerate():
        if thread.name == "event-of-F":
            thread.join(5)
    assert (function.calls, queue.messages) == (1, [])
