"""Which names of a stage are known, and what a function's lines are filtered by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli.errors import CommandError, UsageError
from cli.logs.sources import find_sources, stage_of
from lifecycle.record import Record
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.sections.runtime import RuntimeRecord


@pytest.mark.parametrize(
    "name", ["run_smoke_test", "Run the smoke test", "RunSmokeTestFunction", "RUN_SMOKE_TEST"]
)
def test_a_stage_has_several_names(name: str) -> None:
    assert stage_of(name) == "run_smoke_test"


def test_the_trigger_logs_too() -> None:
    assert stage_of("StartExecutionFunction") == "start_execution"


def test_an_unknown_stage_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        UsageError, match="--stage: given deploy, allowed: prepare_request, plan_provision"
    ):
        stage_of("deploy")


def place(groups: list[str]) -> Any:
    pages = [{"logGroups": [{"logGroupName": name} for name in groups]}]

    def paginate(logGroupNamePrefix: str) -> list[Any]:  # noqa: N803 - boto3's name
        return [
            {
                "logGroups": [
                    group
                    for group in page["logGroups"]
                    if group["logGroupName"].startswith(logGroupNamePrefix)
                ]
            }
            for page in pages
        ]

    logs = SimpleNamespace(get_paginator=lambda _name: SimpleNamespace(paginate=paginate))
    return SimpleNamespace(client=lambda _service: logs, output=lambda name: f"/{name}")


RECORD = Record(
    environment="dev",
    artifact=ArtifactRecord(type="container", given=True),
    runtime=RuntimeRecord(name="r", id="r-2", former_ids=["r-1"]),
)


def test_the_functions_lines_are_those_of_the_environment() -> None:
    (all_stages,) = find_sources(place([]), RECORD, ["functions"])
    assert all_stages.request() == {
        "logGroupName": "/FunctionLogGroupName",
        "filterPattern": '{ ($.environment = "dev") }',
    }
    (two,) = find_sources(place([]), RECORD, ["functions"], ["a", "b"])
    assert two.pattern == '{ ($.environment = "dev") && ($.stage = "a" || $.stage = "b") }'


def test_the_agent_has_a_group_for_each_endpoint_of_each_runtime() -> None:
    prefix = "/aws/bedrock-agentcore/runtimes/"
    groups = [f"{prefix}{name}" for name in ("r-1-live", "r-2-DEFAULT", "r-2-live", "other-live")]
    found = find_sources(place(groups), RECORD, ["agent"])
    assert [(source.name, source.group.rpartition("/")[2]) for source in found] == [
        ("agent live", "r-1-live"),
        ("agent DEFAULT", "r-2-DEFAULT"),
        ("agent live", "r-2-live"),
    ]


def test_what_there_is_none_of_is_said() -> None:
    with pytest.raises(CommandError, match="environment dev: its image was given, so there was no"):
        find_sources(place([]), RECORD, ["build"])
    with pytest.raises(CommandError, match="its agent has no log group yet"):
        find_sources(place([]), RECORD, ["agent"])
    with pytest.raises(CommandError, match="it has no runtime yet"):
        find_sources(place([]), Record(environment="dev"), ["agent"])
    with pytest.raises(CommandError, match="there is no build of its source"):
        find_sources(place([]), Record(environment="dev"), ["build"])
