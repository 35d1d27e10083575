"""What a report reads: the redacted input, spans, fleets of any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from cli.execution.history import Event
from cli.execution.timeline import Timeline
from cli.report.asked import HIDDEN, SHOWN, shown
from cli.report.fleet import MOST_ROWS, first
from cli.report.spans import of_stage, spans
from lifecycle.fleet.failures import ItemResult
from lifecycle.fleet.request import FleetRequest
from lifecycle.request.inputs import model_of
from lifecycle.request.model import Request

NOT_SHOWN = {
    "auth.configuration",
    "runtime.environmentVariables",
    "runtime.description",
    "runtime.configuration",
    "smokeTest.prompt",
    "smokeTest.expect",
    "smokeTest.cases",
    "gateway.targets",
    "gateway.test.arguments",
    "gateway.test.expect",
    "tags",
}


def fields_of(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The fields that an input can have, down to those that are shown or not shown as a whole."""
    for field in model.model_fields.values():
        path = f"{above}{field.alias}"
        inner = model_of(field.annotation)
        if path in SHOWN | NOT_SHOWN or inner is None:
            yield path
        else:
            yield from fields_of(inner, f"{path}.")


def test_each_field_of_the_inputs_is_decided() -> None:
    """A new field must be listed here or there."""
    fields = {*fields_of(Request), *fields_of(FleetRequest)}
    assert fields == SHOWN | NOT_SHOWN


def test_what_may_be_confidential_is_not_shown() -> None:
    secret = "only-for-the-agent"
    told = shown(
        {
            "environment": "shop",
            "dryRun": True,
            "artifact": {"source": {"bucket": "b", "key": "k"}},
            "runtime": {"environmentVariables": {"KEY": secret}, "configuration": {"a": [secret]}},
            "smokeTest": {"prompt": secret, "cases": [{"prompt": secret}], "repeat": 2},
            "tags": {"team": secret},
            "password": secret,
            "auth": secret,
        }
    )
    assert secret not in json.dumps(told)
    assert told == {
        "environment": "shop",
        "dryRun": "true",
        "artifact.source": "bucket: b, key: k",
        "runtime.environmentVariables.KEY": HIDDEN,
        "runtime.configuration.a": f"1 {HIDDEN}",
        "smokeTest.prompt": HIDDEN,
        "smokeTest.cases": f"1 {HIDDEN}",
        "smokeTest.repeat": "2",
        "tags.team": HIDDEN,
        "password": HIDDEN,
        "auth": HIDDEN,
    }


def test_a_long_input_is_cut() -> None:
    told = shown({f"x{number}": 1 for number in range(500)} | {"pattern": "p" * 5000})
    assert len(told) == 101
    assert max(map(len, told.values())) <= 300


def test_work_waits_and_retries_of_a_stage(story: Any) -> None:
    story.enter("Publish the artifact")
    story.breaks("ThrottledError")
    story.after(1).works(2.0)
    story.leave("Publish the artifact")
    story.wait("Wait for the build", 5.0)
    story.task("Publish the artifact", 1.0)
    story.succeed({})
    began = story.events[0]["timestamp"]
    timeline = Timeline()
    moments = timeline.add(map(Event.from_api, story.events))
    (stage,) = timeline.stages
    found = of_stage(spans(moments, began, story.now), stage)
    assert [(one["kind"], one["from"], one["to"]) for one in found["spans"]] == [
        ("work", 0.0, 3.0),
        ("wait", 3.0, 8.0),
        ("work", 8.0, 9.0),
    ]
    assert found["retriesAt"] == [1.0]


def test_what_still_runs_ends_now_and_a_long_loop_is_bounded(story: Any) -> None:
    for _ in range(150):
        story.task("Check the runtime", 1.0)
        story.wait("Wait", 1.0)
    began = story.events[0]["timestamp"]
    timeline = Timeline()
    moments = timeline.add(map(Event.from_api, story.events))
    found = of_stage(spans(moments, began, story.now + timedelta(seconds=9)), timeline.stages[0])
    assert len(found["spans"]) == 200
    assert found["omittedSpans"] == 100
    assert found["spans"][-1]["to"] == 309.0


def test_a_fleet_of_many_keeps_those_that_failed_and_says_how_many_are_left_out() -> None:
    kept = 0

    def results() -> Iterator[ItemResult]:
        nonlocal kept
        for number in range(3000):
            kept += 1
            bad = number % 1000 == 999
            yield ItemResult(environment=f"e{number:04}", status="FAILED" if bad else "SUCCEEDED")

    found = first(results())
    assert kept == found["total"] == 3000
    assert (found["succeeded"], found["failed"]) == (2997, 3)
    assert len(found["rows"]) == MOST_ROWS
    assert found["leftOut"] == 2000
    names = [row["environment"] for row in found["rows"]]
    assert names[:5] == ["e0999", "e1999", "e2999", "e0000", "e0001"]
