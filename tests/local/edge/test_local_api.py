"""What the embedded AWS's own API answers to a request for a fault that cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from local.edge.calls import CallLog
from local.edge.faults import FaultPlan
from local.edge.local_api import LocalApi


class NoDelays:
    """Delays that nobody asks for."""

    def read(self) -> dict[str, float]:
        raise NotImplementedError

    def change(self, seconds: dict[str, float]) -> None:
        raise NotImplementedError


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


def ask(plan: FaultPlan, method: str, path: str, **body: Any) -> tuple[int, Any]:
    api = LocalApi(CallLog(), plan, NoDelays(), dict)
    request = EnvironBuilder(f"/_local/{path}", method=method, json=body or None).get_request()
    answer = api.respond(request, request.get_data())
    return answer.status_code, json.loads(answer.get_data() or "null")


def test_a_fault_that_could_never_hit_is_a_bad_request(plan: FaultPlan) -> None:
    fault = {"service": "s3", "operation": "PutObject", "kind": "failureState"}
    status, body = ask(plan, "POST", "faults", **fault)
    assert (status, plan.list()) == (400, [])
    assert body["message"].startswith("failureState is for bedrock-agentcore-control's Create")


def test_a_fault_that_is_not_planned_is_not_found(plan: FaultPlan) -> None:
    status, body = ask(plan, "DELETE", "faults/nope")
    assert status == 404
    assert "no fault nope is planned" in body["message"]
    assert ask(plan, "DELETE", "faults") == (204, None)
