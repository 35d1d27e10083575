"""A gateway in front of the runtime, through the state machine: made, proved, verified, repaired, and gone with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.test_fleet import fleet

pytestmark = pytest.mark.embedded
ON: dict[str, Any] = {"gateway": {"type": "runtime"}}


def gateways_of(lifecycle: Any, name: str) -> list[str]:
    control = lifecycle.aws.client("bedrock-agentcore-control")
    return [
        item["gatewayId"]
        for item in control.list_gateways()["items"]
        if item["name"].endswith(f"-{name}")
    ]


@pytest.mark.parametrize("auth", ["cognito", "iam"])
def test_proved_repaired_verified_and_gone(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], auth: str
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    given = {"environment": name, "artifact": tiny, "auth": {"type": auth}, **ON}
    plan = lifecycle.run({**given, "dryRun": True}).output["plan"]["gateway"]
    assert plan["change"] == "create"
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    told = run.output["gateway"]
    (gateway_id,) = gateways_of(lifecycle, name)
    assert (told["id"], told["change"], told["repaired"]) == (gateway_id, "created", [])
    assert told["endpoint"].endswith("/live/invocations")
    assert told["checks"]
    assert all(check["passed"] for check in told["checks"])

    (target,) = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target["targetId"])
    seen = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert seen.error == "GatewayTestError"
    plan = lifecycle.run({**given, "dryRun": True}).output["plan"]["gateway"]
    assert (plan["change"], plan["repaired"]) == ("update", ["the gateway's target was deleted"])
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["gateway"]["repaired"] == ["the gateway's target was deleted"]
    assert again.output["repaired"] == ["the gateway's target was deleted"]

    verified = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert verified.status == "SUCCEEDED", (verified.error, verified.cause)
    assert verified.output["gateway"]["change"] is None
    assert verified.output["gateway"]["id"] == gateway_id

    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert gone.output["teardown"]["removed"][:2] == [
        f"target live of gateway {gateway_id}",
        f"gateway {gateway_id}",
    ]
    assert gateways_of(lifecycle, name) == []
    assert lifecycle.leftovers(name) == {}


def test_switched_off_and_found_without_its_record(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    given = {"environment": name, "artifact": tiny}
    run = lifecycle.run(given | ON)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    off = lifecycle.run(given)
    assert off.status == "SUCCEEDED", (off.error, off.cause)
    assert off.output["gateway"] is None
    assert gateways_of(lifecycle, name) == []
    assert lifecycle.run(given | ON).status == "SUCCEEDED"
    lifecycle.aws.client("dynamodb").delete_item(
        TableName=lifecycle.aws.outputs["EnvironmentsTableName"],
        Key={"environment": {"S": name}},
    )
    swept = fleet(lifecycle, action="sweep", removeOrphans=True)
    assert swept.status == "SUCCEEDED", (swept.error, swept.cause)
    assert gateways_of(lifecycle, name) == []
