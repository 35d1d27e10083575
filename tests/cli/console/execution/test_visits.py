"""Each entry into a state, from the events of a history."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from cli.console.execution.visits import Visits
from cli.execution.history import Event
from tests.cli.conftest import START, Story


def visits_of(story: Any) -> Visits:
    visits = Visits()
    visits.add(Event.from_api(event) for event in story.events)
    return visits


def test_a_task_with_a_retry_and_a_wait(story: Story) -> None:
    story.enter("Deploy the runtime")
    story.breaks("ThrottledError", "slow")
    story.after(2).works(3, {"done": False})
    story.leave("Deploy the runtime")
    story.wait("Wait for the runtime", 5)
    story.enter("Deploy the runtime")
    visits = visits_of(story)
    first, wait, second = visits.all
    assert (first.status, first.attempts, first.seconds(story.now)) == ("done", 2, 5.0)
    assert [(one.error, one.cause) for one in first.failures] == [("ThrottledError", "slow")]
    assert (wait.kind, wait.status, wait.seconds(story.now)) == ("Wait", "done", 5.0)
    assert (second.status, second.seconds(START + timedelta(seconds=12))) == ("running", 2.0)
    assert visits.statuses() == {"Deploy the runtime": "running", "Wait for the runtime": "done"}
    assert visits.of("Deploy the runtime") == [first, second]


def test_a_caught_error_is_a_failure_of_its_state(story: Story) -> None:
    story.enter("Run the smoke test")
    story.breaks("SmokeTestError", "let through")
    story.leave("Run the smoke test")
    story.task("Report the failure")
    story.enter("Lifecycle failed", "Fail")
    story.fail("SmokeTestError", "let through")
    visits = visits_of(story)
    assert visits.statuses() == {
        "Run the smoke test": "failed",
        "Report the failure": "done",
        "Lifecycle failed": "failed",
    }


def test_what_ran_when_the_execution_was_stopped(story: Story) -> None:
    story.enter("Publish the artifact")
    story.add("TaskScheduled", resource="invoke")
    story.after(4).add("ExecutionAborted")
    visits = visits_of(story)
    assert visits.statuses() == {"Publish the artifact": "aborted"}
    assert visits.all[0].seconds(story.now) == 4.0


def test_branches_run_beside_each_other(story: Story) -> None:
    parallel = story.enter("Provision", "Parallel")
    one = story.enter("One", previous=parallel)
    two = story.enter("Two", previous=parallel)
    story.add("TaskFailed", previous=one, error="E", cause="c")
    story.leave("One", previous=len(story.events))
    story.leave("Two", previous=two)
    assert visits_of(story).statuses()["Provision"] == "running"
    story.add("ParallelStateSucceeded")
    story.leave("Provision", "Parallel")
    assert visits_of(story).statuses() == {"Provision": "done", "One": "failed", "Two": "done"}


def test_the_same_state_in_many_iterations_of_a_map(story: Story) -> None:
    whole = story.enter("Run the cases", "Map")
    entered = [story.enter("Run a batch", previous=whole) for _ in range(3)]
    assert visits_of(story).statuses()["Run a batch"] == "running"
    for number in (entered[2], entered[0]):
        story.leave("Run a batch", previous=number)
    assert visits_of(story).statuses()["Run a batch"] == "running"
    story.leave("Run a batch", previous=entered[1])
    visits = visits_of(story)
    assert visits.statuses()["Run a batch"] == "done"
    assert [one.left is not None for one in visits.of("Run a batch")] == [True] * 3


def test_a_function_is_shown_with_what_it_was_given(story: Story) -> None:
    story.enter("Prepare the request")
    called = {"FunctionName": "f", "Payload": {"input": {"environment": "shop"}}}
    story.add("TaskScheduled", resource="invoke", parameters=json.dumps(called))
    visit = visits_of(story).all[0]
    assert visit.given is not None
    assert json.loads(visit.given) == called["Payload"]
