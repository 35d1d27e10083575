"""Failures: their order, their file and their links to the console."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.fleet.failures import Failures, ItemResult, console_link
from lifecycle.fleet.files import Location

BUCKET = "artifacts"
MACHINE = "states:eu-west-1:123456789012:execution:lifecycle"


def failure(name: str, **more: Any) -> ItemResult:
    return ItemResult(environment=name, status="FAILED", error="BuildError", **more)


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "eu-west-1.console.amazonaws.cn"),
        ("aws-us-gov", "eu-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_a_link_leads_to_the_execution_in_its_partition(partition: str, host: str) -> None:
    execution = f"arn:{partition}:{MACHINE}:shop-rebuild-0123"
    assert console_link(execution) == (
        f"https://{host}/states/home?region=eu-west-1#/v2/executions/details/{execution}"
    )


def test_what_never_ran_has_no_link() -> None:
    assert console_link(None) is None


def test_the_first_by_name_come_first_whatever_the_order_was() -> None:
    failures = Failures()
    for name in ("c", "a", "d", "b"):
        failures.add(failure(name, execution=f"arn:aws:{MACHINE}:{name}"))
    assert len(failures) == 4
    assert [item.environment for item in failures.first(3)] == ["a", "b", "c"]
    assert str(failures.first(1)[0].link).endswith(":execution:lifecycle:a")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_file_is_json_with_a_line_for_each(world: Any, count: int) -> None:
    failures = Failures()
    for number in reversed(range(count)):
        failures.add(failure(f"e{number}", cause='a "quote", é'))
    place = Location(bucket=BUCKET, key="fleets/one/report.json")
    assert failures.write(world.clients.s3, place, {"execution": "fleet:one", "failed": 3}) == place
    body = world.clients.s3.get_object(Bucket=BUCKET, Key=place.key)["Body"].read().decode()
    written = json.loads(body)
    assert [*written] == ["execution", "failed", "failures"]
    assert [item["environment"] for item in written["failures"]] == [f"e{n}" for n in range(count)]
    assert sum(line.startswith('{"environment":') for line in body.splitlines()) == count
