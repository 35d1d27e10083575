"""What a cause says of the agent's log, and that reading it cannot hide the cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lifecycle.agent_log.last_error import AgentLog

GROUP = "/aws/bedrock-agentcore/runtimes/stack_dev-abc-DEFAULT"
NOW = time.time()


class FakeLogs:
    """FilterLogEvents by a script: pages, or errors."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def filter_log_events(self, **request: Any) -> Any:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def page(*messages: str, more: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"events": [{"message": message} for message in messages]}
    return {**found, "nextToken": more} if more else found


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "FilterLogEvents")


def explained(
    logs: Any, wait: Callable[[int], bool] = lambda _: True, redact: Callable[[str], str] = str
) -> str:
    return AgentLog(logs, "stack_dev-abc", "DEFAULT").explain(NOW, wait, redact)


def test_the_last_error_of_this_call_with_its_log_group_and_advice() -> None:
    logs = FakeLogs(page("starting", more="t"), page("ImportError: cannot import name 'x'"))
    assert explained(logs) == (
        f"the last error in its log group {GROUP}: ImportError: cannot import name 'x'; "
        "add what is missing to the agent's requirements.txt or package.json, or to its source"
    )
    assert [request["startTime"] for request in logs.requests] == [round(NOW * 1000)] * 2
    assert [request["logGroupName"] for request in logs.requests] == [GROUP] * 2
    assert logs.requests[1]["nextToken"] == "t"


def test_lines_that_come_late_are_waited_for() -> None:
    waits: list[int] = []

    def wait(tries: int) -> bool:
        waits.append(tries)
        return True

    logs = FakeLogs(refused("ResourceNotFoundException"), page(), page("ValueError: late"))
    assert "ValueError: late" in explained(logs, wait)
    assert waits == [3, 4]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page("all is well"), f"{GROUP} has no error of this call yet"),
        (refused("ResourceNotFoundException"), f"{GROUP} does not exist yet"),
        (
            refused("AccessDeniedException"),
            f"look at its log group {GROUP} (this function could not: FilterLogEvents: AccessDeniedException)",
        ),
        (refused("ThrottlingException"), "FilterLogEvents: ThrottlingException"),
        (EndpointConnectionError(endpoint_url="x"), "FilterLogEvents: EndpointConnectionError"),
    ],
)
def test_what_cannot_be_read_is_said_as_it_is(answer: Any, words: str) -> None:
    logs = FakeLogs(answer)
    assert words in explained(logs)
    assert len(logs.requests) <= 3


def test_a_log_without_an_error_is_shown_by_its_last_lines_after_what_the_caller_has_to_say() -> (
    None
):
    logs = FakeLogs(
        page("ready", "starting", "", "set TABLE first\n", "starting", "set TABLE first")
    )
    text = AgentLog(logs, "stack_dev-abc", "DEFAULT").explain(NOW, lambda _: False, str, "listen")
    assert text == (
        f"listen; its log group {GROUP} has no error of this call yet; it ends with: starting | set TABLE first"
    )


def test_an_error_in_the_log_counts_more_than_what_the_caller_has_to_say() -> None:
    logs = FakeLogs(page("ValueError: x"))
    text = AgentLog(logs, "stack_dev-abc", "DEFAULT").explain(NOW, lambda _: False, str, "listen")
    assert "listen" not in text


def test_a_secret_that_is_broken_over_the_last_lines_is_taken_out() -> None:
    text = explained(
        FakeLogs(page("s3c", "ret")), redact=lambda line: line.replace("s3c\nret", "(hidden)")
    )
    assert text.endswith("it ends with: (hidden)")


@pytest.mark.parametrize("lines", [("order of a user", "ready"), ()])
def test_of_live_no_line_but_an_error_is_shown_because_it_may_be_of_a_users_call(
    lines: tuple[str, ...],
) -> None:
    group = "/aws/bedrock-agentcore/runtimes/x-live"
    log = AgentLog(FakeLogs(page(*lines)), "x", "live")
    text = log.explain(NOW, lambda _: False, str, "listen")
    assert text.startswith(f"listen; its log group {group} has no ")
    assert "order" not in text
    assert "ready" not in text
    failing = AgentLog(FakeLogs(page(*lines, "ValueError: x")), "x", "live")
    assert "group}: ValueError: x".replace("group}", group) in failing.explain(
        NOW, lambda _: False, str
    )


@pytest.mark.parametrize("begin", ["", "ValueError: "])
def test_what_is_private_is_not_shown_also_where_the_line_is_cut(begin: str) -> None:
    prompt = "why is it so " * 700
    log = AgentLog(FakeLogs(page(f"{begin}{prompt}")), "x", "DEFAULT", [prompt, "t4ble"])
    text = log.explain(NOW, lambda _: False, str)
    assert "(hidden)" in text
    assert "why" not in text
    log = AgentLog(FakeLogs(page(f"{begin}no t4ble")), "x", "DEFAULT", [prompt, "t4ble"])
    assert f"{begin}no (hidden)" in log.explain(NOW, lambda _: False, str)


def test_what_is_private_is_not_in_the_error_of_a_runtime_that_failed() -> None:
    told = AgentLog(FakeLogs(page("KeyError: 't4ble'")), "x", "DEFAULT", ["t4ble"]).error(NOW)
    assert told is not None
    assert "KeyError: '(hidden)'; " in told


def test_without_time_it_looks_once() -> None:
    logs = FakeLogs(page())
    explained(logs, lambda _: False)
    assert len(logs.requests) == 1


def test_a_log_without_end_is_not_read_to_its_end() -> None:
    logs = FakeLogs(page("ValueError: again", more="t"))
    assert "ValueError: again" in explained(logs)
    assert len(logs.requests) == 5


@pytest.mark.parametrize("begin", ["", "ValueError: "])
def test_of_a_line_of_many_megabytes_only_the_beginning_is_looked_through(begin: str) -> None:
    seen: list[str] = []

    def redact(text: str) -> str:
        seen.append(text)
        return text

    explained(FakeLogs(page(begin + "x" * 5_000_000)), lambda _: False, redact)
    assert [len(text) for text in seen] == [4000]


def test_a_secret_is_taken_out_before_the_line_is_cut() -> None:
    secret = "s3cret" * 10
    text = explained(
        FakeLogs(page("ValueError: " + "x" * 200 + secret)),
        redact=lambda line: line.replace(secret, "(hidden)"),
    )
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (page("ValueError: x"), True),
        (page("all is well"), False),
        (refused("AccessDeniedException"), False),
        (refused("ResourceNotFoundException"), False),
    ],
)
def test_a_runtime_that_failed_names_an_error_or_nothing(answer: Any, found: bool) -> None:
    told = AgentLog(FakeLogs(answer), "stack_dev-abc", "DEFAULT").error(NOW)
    assert (told is not None) == found
