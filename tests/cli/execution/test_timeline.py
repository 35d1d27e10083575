"""Stages made of fabricated histories, and of one that moto's interpreter wrote."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from cli.execution.history import Event
from cli.execution.timeline import Change, Failure, Moment, Outcome, Timeline


def tell(story: Any) -> tuple[Timeline, list[Moment]]:
    timeline = Timeline()
    return timeline, timeline.add(map(Event.from_api, story.events))


def summary(timeline: Timeline) -> list[tuple[str, str, float, int]]:
    return [
        (s.state, s.outcome.value, round(s.seconds(s.started), 1), s.rounds)
        for s in timeline.stages
    ]


def test_stages_in_a_row(story: Any) -> None:
    story.task("One", 2.0)
    story.enter("Is it so?", "Choice")
    story.leave("Is it so?", "Choice")
    story.task("Two", 3.0, {"a": 1})
    story.succeed({"x": "y"})
    timeline, moments = tell(story)
    assert summary(timeline) == [("One", "done", 2.0, 1), ("Two", "done", 3.0, 1)]
    assert [(m.change, m.stage.state) for m in moments] == [
        (Change.STARTED, "One"),
        (Change.ENDED, "One"),
        (Change.STARTED, "Two"),
        (Change.ENDED, "Two"),
    ]
    assert timeline.ended == "SUCCEEDED"
    assert json.loads(timeline.output or "") == {"x": "y"}
    assert timeline.result_of("Two") == {"a": 1}


def test_a_loop_is_one_stage_of_several_rounds(story: Any) -> None:
    for _ in range(3):
        story.task("Check", 0.5)
        story.enter("Ready?", "Choice")
        story.leave("Ready?", "Choice")
        story.wait("Wait", 2.0)
    story.task("Check", 0.5)
    story.task("Next")
    timeline, moments = tell(story)
    assert summary(timeline)[0] == ("Check", "done", 8.0, 4)
    assert [m.change for m in moments if m.stage.state == "Check"] == [
        Change.STARTED,
        *[Change.WAITING, Change.ROUND] * 3,
        Change.ENDED,
    ]


def test_a_stage_runs_while_it_waits_but_not_once_its_round_is_over(story: Any) -> None:
    story.task("Check", 0.5)
    timeline, _ = tell(story)
    assert timeline.running == []
    story.enter("Wait", "Wait")
    timeline, _ = tell(story)
    assert [stage.state for stage in timeline.running] == ["Check"]
    assert timeline.running[0].waiting_since == story.now


def test_the_same_state_after_another_is_another_stage(story: Any) -> None:
    story.task("Check")
    story.task("Other")
    story.task("Check")
    story.succeed({})
    timeline, _ = tell(story)
    assert [stage.state for stage in timeline.stages] == ["Check", "Other", "Check"]


def test_a_retry_is_told_with_its_reason(story: Any) -> None:
    story.enter("Call")
    story.breaks("ThrottledError", json.dumps({"errorMessage": "slow\n down", "errorType": "x"}))
    story.after(2).works(1.0)
    story.leave("Call")
    story.succeed({})
    timeline, moments = tell(story)
    stage = timeline.stages[0]
    assert (stage.outcome, stage.retries, stage.rounds) == (Outcome.DONE, 1, 1)
    retry = next(m for m in moments if m.change is Change.RETRYING)
    assert retry.stage.failure is not None
    assert (retry.stage.failure.error, retry.stage.failure.reason) == (
        "ThrottledError",
        "slow down",
    )


def test_a_caught_error_fails_its_stage_and_the_next_goes_on(story: Any) -> None:
    story.enter("Call")
    story.breaks("RuntimeFailedError", "no")
    story.leave("Call")
    story.task("Record the failure")
    story.enter("Failed", "Fail")
    story.fail("RuntimeFailedError", "no")
    timeline, _ = tell(story)
    assert summary(timeline) == [
        ("Call", "failed", 0.0, 1),
        ("Record the failure", "done", 1.0, 1),
    ]
    assert timeline.failure == Failure("RuntimeFailedError", "no")


def test_a_caught_error_without_an_exit_event(story: Any) -> None:
    story.enter("Call")
    story.breaks("RuntimeFailedError", "no")
    story.task("Record the failure")
    timeline, _ = tell(story)
    assert timeline.stages[0].outcome is Outcome.FAILED


def test_branches_keep_their_own_stages(story: Any) -> None:
    parallel = story.enter("Both", "Parallel")
    opened = story.add("ParallelStateStarted", previous=parallel)
    left = story.enter("Identity", previous=opened)
    right = story.enter("Artifact", previous=opened)
    left = story.works(1.0, previous=left)
    right = story.works(1.0, previous=right)
    left = story.leave("Identity", previous=left)
    left = story.enter("Identity not provisioned", "Succeed", previous=left)
    right = story.leave("Artifact", previous=right)
    right = story.enter("Wait", "Wait", previous=right)
    right = story.after(4.0).leave("Wait", "Wait", previous=right)
    right = story.enter("Artifact", previous=right)
    right = story.works(1.0, previous=right)
    right = story.leave("Artifact", previous=right)
    over = story.add("ParallelStateSucceeded", previous=right)
    story.leave("Both", "Parallel", previous=over)
    story.task("After")
    story.succeed({})
    timeline, _ = tell(story)
    assert summary(timeline) == [
        ("Identity", "done", 2.0, 1),
        ("Artifact", "done", 7.0, 2),
        ("After", "done", 1.0, 1),
    ]


def test_a_branch_that_ends_with_a_task_has_ended_while_the_other_goes_on(story: Any) -> None:
    parallel = story.enter("Both", "Parallel")
    opened = story.add("ParallelStateStarted", previous=parallel)
    story.enter("Left", previous=opened)
    story.works(1.0)
    story.leave("Left")
    story.enter("Right", previous=opened)
    story.works(1.0)
    story.leave("Right")
    story.wait("Wait", 5.0)
    story.enter("Right")
    _, moments = tell(story)
    assert [(m.change, m.stage.state) for m in moments] == [
        (Change.STARTED, "Left"),
        (Change.STARTED, "Right"),
        (Change.WAITING, "Right"),
        (Change.ENDED, "Left"),
        (Change.ROUND, "Right"),
    ]


def test_a_stage_before_branches_ends_when_they_begin(story: Any) -> None:
    story.task("Prepare the request")
    parallel = story.enter("Both", "Parallel")
    opened = story.add("ParallelStateStarted", previous=parallel)
    story.enter("Identity", previous=opened)
    timeline, moments = tell(story)
    assert [m.stage.state for m in moments if m.change is Change.ENDED] == ["Prepare the request"]
    assert [stage.state for stage in timeline.running] == ["Identity"]


def test_a_branch_that_fails_takes_the_others_with_it(story: Any) -> None:
    parallel = story.enter("Both", "Parallel")
    opened = story.add("ParallelStateStarted", previous=parallel)
    left = story.enter("Identity", previous=opened)
    right = story.enter("Artifact", previous=opened)
    story.add("TaskScheduled", previous=right, resource="invoke")
    failed = story.breaks("AwsCallError", "denied", previous=left)
    story.after(1.0)
    over = story.add("ParallelStateFailed", previous=failed)
    story.leave("Both", "Parallel", previous=over)
    story.task("Record the failure")
    timeline, _ = tell(story)
    assert summary(timeline)[:2] == [
        ("Identity", "failed", 1.0, 1),
        ("Artifact", "aborted", 1.0, 1),
    ]
    assert timeline.running == []


def test_iterations_of_a_map_do_not_mix(story: Any) -> None:
    state = story.enter("Each", "Map")
    opened = story.add("MapStateStarted", previous=state, length=2)
    heads = []
    for index in range(2):
        head = story.add("MapIterationStarted", previous=opened, name="Each", index=index)
        heads.append(story.enter("Start one", previous=head))
    tails = [story.works(1.0, previous=head) for head in heads]
    tails = [story.leave("Start one", previous=tail) for tail in tails]
    for index, tail in enumerate(tails):
        tails[index] = story.add("MapIterationSucceeded", previous=tail, name="Each", index=index)
    over = story.add("MapStateSucceeded", previous=tails[-1])
    story.leave("Each", "Map", previous=over)
    story.task("Report the fleet")
    timeline, _ = tell(story)
    assert [(s.state, s.rounds) for s in timeline.stages] == [
        ("Start one", 1),
        ("Start one", 1),
        ("Report the fleet", 1),
    ]


def test_what_is_open_when_an_execution_is_aborted_is_aborted(story: Any) -> None:
    story.enter("Call")
    story.after(3.0).add("ExecutionAborted", error="", cause="")
    timeline, _ = tell(story)
    assert summary(timeline) == [("Call", "aborted", 3.0, 1)]
    assert timeline.ended == "ABORTED"


def test_an_expression_that_cannot_be_evaluated_fails_its_stage(story: Any) -> None:
    story.enter("Call")
    story.add(
        "EvaluationFailed",
        error="States.QueryEvaluationError",
        cause="no such",
        location="Arguments",
        state="Call",
    )
    story.fail("States.QueryEvaluationError", "no such")
    timeline, _ = tell(story)
    assert timeline.stages[0].outcome is Outcome.FAILED


def test_a_history_that_moto_wrote(recorded: dict[str, Any]) -> None:
    timeline = Timeline()
    timeline.add(map(Event.from_api, recorded["events"]))
    rows = [(s.state, s.outcome, s.rounds, s.retries) for s in timeline.stages]
    assert rows == [
        ("Provision the identity", Outcome.DONE, 1, 0),
        ("Try", Outcome.FAILED, 1, 1),
        ("Lookup", Outcome.FAILED, 1, 0),
    ]
    assert timeline.ended == "FAILED"
    assert timeline.failure == Failure("RuntimeFailedError", "no")
    assert all(s.ended and s.ended - s.started < timedelta(seconds=3) for s in timeline.stages)
