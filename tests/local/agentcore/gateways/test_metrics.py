"""The metrics of a gateway: what counts, and how it is published."""

from __future__ import annotations

from typing import Any

import pytest

from local.agentcore.data.vended.gateway_metrics import NAMESPACE, GatewayMetrics
from local.readings import Readings

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/front-abcdefghij"


class FakeCloudWatch:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's names
        assert Namespace == NAMESPACE
        self.data += MetricData

    def sums(self) -> dict[str, float]:
        names = {one["MetricName"] for one in self.data}
        return {n: sum(d["Value"] for d in self.data if d["MetricName"] == n) for n in names}


def counted(reading: str, statuses: list[int], now: list[float]) -> tuple[Any, FakeCloudWatch]:
    watch = FakeCloudWatch()
    readings = Readings({"gateway-metrics": reading})
    metrics = GatewayMetrics(lambda _service: watch, lambda: now[0], readings)
    metrics.close()
    for status in statuses:
        metrics.count(ARN, "live", status)
    metrics.flush()
    return metrics, watch


def test_answers_count_by_their_status() -> None:
    _, watch = counted("prompt", [200, 200, 401, 424, 429, 500], [1000.0])
    assert watch.sums() == {"Invocations": 6, "UserErrors": 2, "SystemErrors": 1, "Throttles": 1}
    assert {one["Name"] for one in watch.data[0]["Dimensions"]} == {
        *("Operation", "Protocol", "Resource"),
    }


def test_late_metrics_come_later_with_the_time_of_the_call() -> None:
    now = [1000.0]
    metrics, watch = counted("late", [200], now)
    assert watch.data == []
    now[0] += 90
    metrics.flush()
    assert [one["Timestamp"].timestamp() for one in watch.data] == [1000]


@pytest.mark.parametrize(("reading", "named"), [("prompt", False), ("by-target", True)])
def test_a_target_may_have_metrics_of_its_own(reading: str, named: bool) -> None:
    _, watch = counted(reading, [200], [1000.0])
    assert ({"Name": "Name", "Value": "live"} in watch.data[0]["Dimensions"]) is named
