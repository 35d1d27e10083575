"""Following an execution to its end."""

from __future__ import annotations

from typing import Any

import pytest

from cli.execution.follow import Pace, follow
from cli.execution.timeline import Failure


def ignore(_timeline: Any, _moments: Any) -> None:
    """Hear nothing."""


def test_a_success_returns_its_output(story: Any, serve: Any) -> None:
    story.task("One")
    story.succeed({"environment": "dev"})
    fake = serve(story)
    fake.visible = 1
    result = follow(fake, "arn", ignore, sleep=fake.reveal(2))
    assert result.succeeded
    assert (result.output, result.failure) == ({"environment": "dev"}, None)


def test_news_is_told_as_it_comes(story: Any, serve: Any) -> None:
    story.task("One")
    story.task("Two")
    story.succeed({})
    fake = serve(story)
    fake.visible = 2
    heard: list[str] = []
    follow(
        fake,
        "arn",
        lambda _, moments: heard.extend(f"{m.change} {m.stage.state}" for m in moments),
        sleep=fake.reveal(1),
    )
    assert heard == ["started One", "ended One", "started Two", "ended Two"]


def test_a_failure_returns_error_cause_and_what_was_reported(story: Any, serve: Any) -> None:
    story.task("Report the failure", result={"Payload": {"output": {"environment": "dev"}}})
    story.enter("Lifecycle failed", "Fail")
    story.fail("SmokeTestError", "the answer did not match")
    result = follow(serve(story), "arn", ignore)
    assert not result.succeeded
    assert result.failure == Failure("SmokeTestError", "the answer did not match")
    assert result.output == {"environment": "dev"}


def test_a_failure_before_any_report_has_no_output(story: Any, serve: Any) -> None:
    story.fail("States.Runtime", "broken")
    assert follow(serve(story), "arn", ignore).output is None


@pytest.mark.parametrize("end", ["ExecutionAborted", "ExecutionTimedOut"])
def test_an_execution_that_was_stopped_says_so(story: Any, serve: Any, end: str) -> None:
    story.add(end)
    result = follow(serve(story), "arn", ignore)
    assert not result.succeeded
    assert result.failure is not None
    assert result.failure.error == result.status


def test_an_execution_that_ended_without_a_last_event(story: Any, serve: Any) -> None:
    fake = serve(story)
    fake.status = "FAILED"
    result = follow(fake, "arn", ignore, sleep=fake.reveal(0))
    assert result.status == "FAILED"


def test_polls_are_quick_after_news_and_slower_without(story: Any, serve: Any) -> None:
    story.task("One")
    story.succeed({})
    fake = serve(story)
    fake.visible = 1
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) in (5, 6):
            fake.visible = 3 if len(waits) == 5 else len(story.events)

    follow(fake, "arn", ignore, pace=Pace(quick=1.0, slow=2.0), sleep=sleep)
    assert waits == [1.0, 1.5, 2.0, 2.0, 2.0, 1.0]
