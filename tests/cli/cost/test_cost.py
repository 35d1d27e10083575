"""What an execution used, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.cost.estimate import dollars, estimate
from cli.cost.functions import function_time
from cli.cost.prices import PRICES
from cli.cost.usage import Run, build_minutes, used
from cli.execution.history import Event
from cli.target.denied import DeniedError
from tests.cli.conftest import ARN, START


def test_transitions_count_states_and_retries(story: Any) -> None:
    story.task("One", 2.0)
    story.enter("Is it so?", "Choice")
    story.leave("Is it so?", "Choice")
    story.enter("Two")
    story.breaks("ThrottledError")
    story.works(3.0)
    story.leave("Two")
    story.succeed({})
    found = used(map(Event.from_api, story.events))
    assert found.transitions == 4
    assert [run.seconds for run in found.runs] == [2.0, 0.0, 3.0]


def test_only_functions_are_runs(story: Any) -> None:
    given = json.dumps({"FunctionName": "arn:function"})
    story.enter("One")
    for kind, parameters in (("states", "{}"), ("lambda", given), ("lambda", '{"cut')):
        story.add("TaskScheduled", resource="invoke", resourceType=kind, parameters=parameters)
        story.after(1)
        story.add("TaskSucceeded", resource="invoke", output="{}")
    found = used(map(Event.from_api, story.events))
    assert [(run.function, run.seconds) for run in found.runs] == [("arn:function", 1.0), ("", 1.0)]


@dataclass
class Functions:
    """A stack whose log and functions are these.

    Attributes:
        lines: The log.
        memory: MB of each function; a function that is missing may not be read.
        denied: Whether the log may not be read.
    """

    lines: list[str]
    memory: dict[str, int] = field(default_factory=dict)
    denied: bool = False
    label: str = "here"
    options: str = "--local"
    endpoint_url: str | None = None
    outputs: dict[str, str] = field(default_factory=lambda: {"FunctionLogGroupName": "group"})

    def client(self, _service: str) -> Any:
        return self

    def get_paginator(self, name: str) -> Any:
        assert name == "filter_log_events"
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        assert ARN in arguments["filterPattern"]
        if self.denied:
            raise DeniedError("not allowed: logs:FilterLogEvents")
        yield {"events": [{"message": line} for line in self.lines]}

    def get_function_configuration(self, **arguments: Any) -> dict[str, Any]:
        name = arguments["FunctionName"]
        if name not in self.memory:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "x")
        return {"MemorySize": self.memory[name]}


def line(request: str, execution: str = ARN) -> str:
    return json.dumps({"execution": execution, "function_request_id": request})


def report(request: str, **record: Any) -> str:
    return json.dumps({"type": "platform.report", "record": {"requestId": request, **record}})


RUNS = [Run("a", 4.0), Run("b", 2.0)]
AWS = {"metrics": {"billedDurationMs": 3000, "memorySizeMB": 512}}
TEXT = {"message": "REPORT RequestId: 2 Duration: 999.20 ms Memory Size: 1024 MB"}


def test_the_report_lines_of_the_functions_are_used() -> None:
    others = [line("3", "another"), report("3", **AWS), "no json", "[]"]
    place = Functions([line("1"), report("1", **AWS), report("2", **TEXT), line("2"), *others])
    found = function_time(place, ARN, RUNS, START, START + timedelta(seconds=9))
    assert found.gb_seconds == pytest.approx(1.5 + 1.0)
    assert found.requests == 2
    assert "REPORT lines" in found.basis


@pytest.mark.parametrize(
    ("place", "gb_seconds", "why"),
    [
        (Functions([line("1"), report("1", **AWS)], {"a": 512, "b": 1024}), 4.0, "1 of 2 runs"),
        (Functions([], {"a": 512, "b": 1024}, denied=True), 4.0, "logs:FilterLogEvents"),
        (Functions([], {"a": 512}, outputs={}), 4.0, "1024 MB where it cannot be read"),
    ],
)
def test_without_them_it_is_memory_times_duration(
    place: Functions, gb_seconds: float, why: str
) -> None:
    found = function_time(place, ARN, RUNS, START, START)
    assert found.gb_seconds == pytest.approx(gb_seconds)
    assert found.requests == 2
    assert why in found.basis
    assert "more than Lambda charges" in found.basis


def test_a_build_is_charged_by_the_minute() -> None:
    class Builds:
        def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
            assert ids == ["x"]
            return {"builds": [{"startTime": START, "endTime": START + timedelta(seconds=61)}, {}]}

    assert build_minutes(Builds(), "x") == 2
    assert build_minutes(Builds(), None) == 0


def test_the_estimate_is_the_sum_of_its_lines() -> None:
    found = estimate({"transitions": 1000, "lambda": 0, "build": 2}, "basis", more="More.")
    assert found["estimate"] is True
    assert [one["name"] for one in found["lines"]] == ["transitions", "build"]
    assert found["total"] == pytest.approx(
        1000 * PRICES["transitions"].usd + 2 * PRICES["build"].usd
    )
    assert found["total"] == pytest.approx(sum(one["usd"] for one in found["lines"]))
    assert found["notCounted"].endswith("More.")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0"),
        (1234.5, "$1,234.50"),
        (0.4, "$0.40"),
        (0.0017, "$0.0017"),
        (0.000025, "$0.000025"),
    ],
)
def test_dollars_have_digits_that_say_something(amount: float, text: str) -> None:
    assert dollars(amount) == text
