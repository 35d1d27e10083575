"""What the gateway's metrics say of a step: too few calls, good ones, bad ones, and which sums are the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.canary.metrics import Seen, judge, minutes, next_minute, total, usual
from lifecycle.request.promotion.section import CanaryChecks

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/front-abcdefghij"
LIMITS = CanaryChecks()


class FakeCloudWatch:
    """Answers ListMetrics and GetMetricData from sums, by the metric's name and its dimensions."""

    def __init__(self, sums: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> None:
        self.sums = sums
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Any:
        self.operation = operation
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        if self.operation == "list_metrics":
            metrics = [
                {"Dimensions": [{"Name": n, "Value": v} for n, v in dimensions]}
                for name, dimensions in self.sums
                if name == asked["MetricName"]
            ]
            return [{"Metrics": metrics}]
        found = []
        for query in asked["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            pairs = tuple((one["Name"], one["Value"]) for one in metric["Dimensions"])
            value = self.sums.get((metric["MetricName"], pairs))
            values = [] if value is None else [value]
            moments = [datetime.fromtimestamp(0, UTC)] * len(values)
            found.append({"Id": query["Id"], "Values": values, "Timestamps": moments})
        return [{"MetricDataResults": found}]


def seen(watch: FakeCloudWatch, arn: str, start: int, end: int) -> Seen:
    return total(minutes(watch, arn, start, end))


Dimensions = tuple[tuple[str, str], ...]
PLAIN: Dimensions = (("Operation", "InvokeGateway"), ("Resource", ARN))
LIVE: Dimensions = (("Name", "live"), *PLAIN)
CANDIDATE: Dimensions = (("Name", "candidate"), *PLAIN)


def test_a_step_without_a_whole_minute_has_no_metrics() -> None:
    assert [next_minute(seconds) for seconds in (119, 120, 121)] == [120, 120, 180]
    watch = FakeCloudWatch({("Invocations", PLAIN): 90.0})
    assert minutes(watch, ARN, next_minute(121), 150) == []
    assert watch.asked == []
    assert minutes(watch, ARN, next_minute(121), 180) == [Seen(90, 0)]


def test_of_one_set_of_dimensions_the_errors_are_added() -> None:
    sums = {("Invocations", PLAIN): 90.0, ("UserErrors", PLAIN): 3.0, ("SystemErrors", PLAIN): 2.0}
    assert seen(FakeCloudWatch(sums), ARN, 0, 60) == Seen(90, 5)


def test_targets_are_added_up_and_a_sum_of_all_is_not_added_again() -> None:
    by_target = {("Invocations", LIVE): 70.0, ("Invocations", CANDIDATE): 30.0}
    errors = {("SystemErrors", CANDIDATE): 9.0}
    assert seen(FakeCloudWatch(by_target | errors), ARN, 0, 60) == Seen(100, 9)
    both = by_target | errors | {("Invocations", PLAIN): 100.0, ("SystemErrors", PLAIN): 9.0}
    assert seen(FakeCloudWatch(both), ARN, 0, 60) == Seen(100, 9)


def test_a_gateway_without_metrics_was_not_called() -> None:
    watch = FakeCloudWatch({})
    assert seen(watch, ARN, 0, 60) == Seen(0, 0)
    # GetMetricData takes no empty list of queries.
    assert all("MetricName" in asked for asked in watch.asked)


def test_whole_minutes_count() -> None:
    watch = FakeCloudWatch({("Invocations", PLAIN): 1.0})
    seen(watch, ARN, 90, 150)
    times = [watch.asked[-1][name].timestamp() for name in ("StartTime", "EndTime")]
    assert times == [60, 180]


@pytest.mark.parametrize(
    ("now", "before", "weight", "judged", "passed"),
    [
        (Seen(0, 0), Seen(0, 0), 5, False, True),
        (Seen(399, 399), Seen(0, 0), 5, False, True),
        (Seen(400, 0), Seen(0, 0), 5, True, True),
        (Seen(400, 1), Seen(0, 0), 5, True, True),
        (Seen(400, 2), Seen(0, 0), 5, True, False),
        # Every second call of the version.
        (Seen(1000, 125), Seen(1000, 0), 25, True, False),
        # As many as before.
        (Seen(1000, 100), Seen(1000, 100), 50, True, True),
        (Seen(1000, 200), Seen(1000, 100), 50, True, False),
    ],
)
def test_the_version_is_blamed_for_what_did_not_fail_before(
    now: Seen, before: Seen, weight: int, judged: bool, passed: bool
) -> None:
    verdict = judge(now, before.rate, weight, LIMITS)
    assert (verdict.judged, verdict.passed) == (judged, passed)
    assert f"{now.errors} of {now.calls} calls failed" in verdict.told
    assert ("too few to judge by" in verdict.told) is not judged


def test_a_test_of_the_gateway_is_no_baseline() -> None:
    probes = Seen(9, 7)
    assert usual([]) == usual([probes]) == usual([probes, Seen(50, 0)]) == 0
    assert usual([Seen(100, 1), probes, Seen(100, 3)]) == 0.03
