"""A step is judged on the accounts and fakes of the gateway's test, with metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.canary.judge import JudgedStep, JudgeEvent, judge_step
from lifecycle.sections.canary import CanaryRecord
from tests.functions.lifecycle.cognito_world import EXECUTION
from tests.functions.lifecycle.gateway_test.conftest import cognito_key as cognito_key
from tests.functions.lifecycle.gateway_test.conftest import fake_clients as fake_clients
from tests.functions.lifecycle.gateway_test.conftest import fronted as fronted
from tests.functions.lifecycle.gateway_test.conftest import (
    function_environment as function_environment,
)
from tests.functions.lifecycle.gateway_test.conftest import iam as iam
from tests.functions.lifecycle.gateway_test.conftest import password as password
from tests.functions.lifecycle.gateway_test.conftest import provider_key as provider_key
from tests.functions.lifecycle.gateway_test.conftest import smoke as smoke
from tests.functions.lifecycle.gateway_test.conftest import world as world
from tests.functions.lifecycle.gateway_test.fake_gateway import GATEWAY_ID
from tests.functions.lifecycle.gateway_test.gateway_environment import Fronted

CANARY: dict[str, Any] = {
    "gateway": {"type": "runtime"},
    "promotion": {"strategy": "canary", "steps": [20, 50]},
}
BEGUN = 1_764_158_400
PLAIN = [{"Name": "Resource", "Value": "gateway"}]


class FakeCloudWatch:
    """So many calls in the minute of the step, and so many errors; nothing before it."""

    def __init__(self) -> None:
        self.sums = {"Invocations": 0, "UserErrors": 0, "SystemErrors": 0}

    def get_paginator(self, operation: str) -> Any:
        self.operation = operation
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if self.operation == "list_metrics":
            return [{"Metrics": [{"Dimensions": PLAIN}]}]
        inside = asked["StartTime"].timestamp() <= BEGUN < asked["EndTime"].timestamp()
        assert asked["StartTime"] < asked["EndTime"], "GetMetricData refuses another order"
        return [
            {
                "MetricDataResults": [
                    {
                        "Id": query["Id"],
                        "Values": [self.sums[query["MetricStat"]["Metric"]["MetricName"]]],
                        "Timestamps": [datetime.fromtimestamp(BEGUN, UTC)],
                    }
                    for query in asked["MetricDataQueries"]
                    if inside
                ]
            }
        ]


class Judging:
    """A canary of version 4 beside version 3, and its steps."""

    def __init__(self, fronted: Fronted, watch: FakeCloudWatch) -> None:
        self.fronted, self.watch = fronted, watch
        fronted.gateway.is_split = True
        fronted.smoke.runtime.endpoints["candidate"] = "4"
        note = CanaryRecord(
            execution=EXECUTION,
            version="4",
            live_version="3",
            gateway_id=GATEWAY_ID,
            weight=20,
            begun_at=BEGUN,
            shifted_at=BEGUN,
        )
        fronted.smoke.world.records.update("dev", EXECUTION, canary=note)

    def shift(self, at: int) -> None:
        """The step began at another moment."""
        note = self.fronted.record.canary.model_copy(update={"shifted_at": at})
        self.fronted.smoke.world.records.update("dev", EXECUTION, canary=note)

    def judge(self, step: int = 0, **request: Any) -> JudgedStep:
        event = self.fronted.smoke.world.event(**CANARY, **request)
        return judge_step(
            JudgeEvent(**dict(event), step=step),
            clients=self.fronted.smoke.clients,
            sleep=self.fronted.smoke.pauses.append,
        )


def _judging(fronted: Fronted, monkeypatch: pytest.MonkeyPatch) -> Judging:
    watch = FakeCloudWatch()
    monkeypatch.setitem(fronted.smoke.clients.__dict__, "cloudwatch", watch)
    return Judging(fronted, watch)


@pytest.fixture
def judging(password: Fronted, monkeypatch: pytest.MonkeyPatch) -> Judging:
    """Callers sign in with a password."""
    return _judging(password, monkeypatch)


@pytest.fixture
def judging_iam(iam: Fronted, monkeypatch: pytest.MonkeyPatch) -> Judging:
    """Callers sign with SigV4."""
    return _judging(iam, monkeypatch)
