"""The input's section `promotion`: what is refused by name, and when a version is promoted directly all the same."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import InvalidRequestError
from lifecycle.record import Record
from lifecycle.request.canaries import plan
from lifecycle.request.canaries.plan import plan_canary
from lifecycle.request.model import parse_request
from lifecycle.sections.runtime import RuntimeRecord

ON: dict[str, Any] = {"gateway": {"type": "runtime"}}


def asked(**promotion: Any) -> dict[str, Any]:
    return {**ON, "promotion": {"strategy": "canary", **promotion}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"promotion": {"strategy": "blue"}}, "promotion.strategy: given 'blue'"),
        ({"promotion": {"strategy": "canary"}}, "promotion.strategy: given 'canary', allowed: only with gateway.type"),
        ({**ON, "promotion": {"steps": [5]}}, "promotion.steps: given [5], allowed: only with strategy canary"),
        (asked(steps=[]), "promotion.steps: given []"),
        (asked(steps=[0, 5]), "promotion.steps"),
        (asked(steps=[5, 100]), "promotion.steps"),
        (asked(steps=[5, 5]), "promotion.steps: given [5, 5], allowed: rising"),
        (asked(steps=[1, 2, 3, 4, 5, 6]), "promotion.steps"),
        (asked(bakeSeconds=0), "promotion.bakeSeconds: given 0"),
        (asked(bakeSeconds=5000), "promotion.bakeSeconds: given 5000, allowed: at most 4800 with 3 steps"),
        (asked(checks={"minCalls": 0}), "promotion.checks.minCalls: given 0"),
        (asked(checks={"maxErrorPercent": 100}), "promotion.checks.maxErrorPercent: given 100"),
        ({"action": "teardown", "promotion": {}}, "promotion: given {'strategy': 'direct'}, allowed: only with action"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(given)
    assert said in str(caught.value)


def test_a_request_survives_the_state_machine() -> None:
    every: list[dict[str, Any]] = [
        {},
        {"promotion": {}},
        asked(),
        asked(steps=[1, 99], bakeSeconds=60),
    ]
    for given in every:
        request = parse_request(given)
        assert parse_request(request.to_json()) == request


def test_the_bounds_of_a_step_are_those_of_the_service() -> None:
    model = botocore.session.get_session().get_service_model("bedrock-agentcore-control")
    shape = (
        model.shape_for("TrafficSplitEntry") if "TrafficSplitEntry" in model.shape_names else None
    )
    weights = [
        model.shape_for(name).members["weight"].metadata
        for name in model.shape_names
        if model.shape_for(name).type_name == "structure"
        and "weight" in model.shape_for(name).members
    ]
    assert shape is None or "weight" in shape.members
    assert weights
    assert all((one.get("min"), one.get("max")) == (1, 99) for one in weights)


def ready(**changes: Any) -> Record:
    runtime = RuntimeRecord(name="one", live_version="1")
    gateway = GatewayRecord(name="one", id="one", url="https://one", target_id="T")
    proven = parse_request(ON).to_json()
    whole: dict[str, Any] = {"runtime": runtime, "gateway": gateway, "proven_request": proven}
    return Record(environment="dev", **(whole | changes))


def test_without_a_canary_nothing_is_planned() -> None:
    assert plan_canary(parse_request(ON), ready()) is None
    assert plan_canary(parse_request({**ON, "promotion": {}}), ready()) is None


def test_a_ready_environment_is_split() -> None:
    planned = plan_canary(parse_request(asked()), ready())
    assert planned is not None
    assert (planned.steps, planned.bake_seconds, planned.direct) == ([5, 25, 50], 300, None)


@pytest.mark.parametrize(
    ("record", "more", "reason"),
    [
        (Record(environment="dev"), {}, plan.FIRST),
        (ready(gateway=None), {}, plan.NO_GATEWAY),
        (ready(gateway=GatewayRecord(name="one")), {}, plan.NO_GATEWAY),
        # An MCP gateway, which the one in front of the runtime takes the place of.
        (ready(gateway=GatewayRecord(name="one", url="https://one/mcp")), {}, plan.NO_GATEWAY),
        (ready(), {"auth": {"type": "iam"}}, plan.OTHER_SIGN_IN),
        (ready(), {"runtime": {"protocol": "MCP"}}, plan.OTHER_PROTOCOL),
    ],
)
def test_what_cannot_be_split_is_promoted_directly(
    record: Record, more: dict[str, Any], reason: str
) -> None:
    planned = plan_canary(parse_request(asked() | more), record)
    assert planned is not None
    assert planned.direct == reason
