"""A runtime that answers only its gateway, through the state machine: closed, tested, repaired, opened, and gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.embedded.signing_in import auths as auths  # a fixture
from tests.embedded.signing_in import provider as provider  # a fixture
from tests.embedded.test_promotion import access_token, marked, versions

pytestmark = pytest.mark.embedded
CLOSED: dict[str, Any] = {"gateway": {"type": "runtime", "only": True}}
OPEN: dict[str, Any] = {"gateway": {"type": "runtime"}}
DIRECTLY = "A valid access token is refused without the gateway"


def call(url: str, token: str) -> httpx.Response:
    return httpx.post(
        url,
        content=json.dumps({"prompt": "hello"}),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=60,
    )


def good(run: Any) -> Any:
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    return run.output


def checks(part: dict[str, Any]) -> dict[str, bool]:
    return {check["name"]: check["passed"] for check in part["checks"]}


@pytest.mark.parametrize("way", ["password", "clientCredentials", "jwt"])
def test_closed_tested_rebuilt_verified_and_gone(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, Any],
    way: str,
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    first = good(lifecycle.run(marked(name, tiny, "one", auth=auths[way], **CLOSED)))
    gateway_id = first["gateway"]["id"]
    assert (first["gateway"]["only"], first["gateway"]["change"]) == (True, "created")
    assert (first["runtime"]["version"], first["repaired"]) == ("1", [])
    assert checks(first["smokeTest"])[DIRECTLY]
    assert checks(first["gateway"])[DIRECTLY]
    targets = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    assert [target["name"] for target in targets] == ["live"]

    second = good(lifecycle.run(marked(name, tiny, "two", auth=auths[way], **CLOSED)))
    assert (second["runtime"]["version"], second["gateway"]["change"]) == ("2", "unchanged")
    assert "two" in second["smokeTest"]["answer"]
    again = good(lifecycle.run(marked(name, tiny, "two", auth=auths[way], **CLOSED)))
    assert (again["runtime"]["version"], again["change"], again["repaired"]) == (
        "2",
        "unchanged",
        [],
    )
    verified = good(lifecycle.run({"action": "smokeTest", "environment": name}))
    assert verified["gateway"]["only"] is True
    assert checks(verified["smokeTest"])[DIRECTLY]
    back = good(lifecycle.run({"action": "rollback", "environment": name}))
    assert (back["runtime"]["version"], back["smokeTest"]["endpoint"]) == ("1", "candidate")
    assert checks(back["gateway"])[DIRECTLY]
    targets = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    assert [target["name"] for target in targets] == ["live"]
    good(lifecycle.run({"action": "teardown", "environment": name}))
    assert lifecycle.leftovers(name) == {}


def test_a_valid_token_counts_only_at_the_gateway_until_it_is_opened(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    opened = good(lifecycle.run(marked(name, tiny, "one", **OPEN)))
    token, url = access_token(lifecycle, opened["auth"]), opened["runtime"]["invocationUrl"]
    through = opened["gateway"]["endpoint"]
    assert (call(url, token).status_code, call(through, token).status_code) == (200, 200)

    closed = good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
    assert (closed["runtime"]["version"], closed["change"]) == ("2", "updated")
    assert call(url, token).status_code in (401, 403)
    assert call(url.replace("=live", "=DEFAULT"), token).status_code in (401, 403)
    assert call(through, token).status_code == 200
    # The version before is open, so it is made anew, closed.
    back = good(lifecycle.run({"action": "rollback", "environment": name}))
    assert (back["runtime"]["version"], back["smokeTest"]["endpoint"]) == ("2", "DEFAULT")
    assert call(url, token).status_code in (401, 403)

    reopened = good(lifecycle.run(marked(name, tiny, "one")))
    assert (reopened["change"], reopened["gateway"]) == ("updated", None)
    assert call(url, token).status_code == 200
    assert set(versions(lifecycle, opened["runtime"]["id"]).values()) == {
        reopened["runtime"]["version"]
    }
    good(lifecycle.run({"action": "teardown", "environment": name}))
    assert lifecycle.leftovers(name) == {}


def test_what_was_changed_by_hand_is_repaired_and_named(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    made = good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
    token, url = access_token(lifecycle, made["auth"]), made["runtime"]["invocationUrl"]
    # The lock, and a rule that could send the callers elsewhere.
    runtime_id, gateway_id = made["runtime"]["id"], made["gateway"]["id"]
    found = control.get_agent_runtime(agentRuntimeId=runtime_id)
    del found["authorizerConfiguration"]["customJWTAuthorizer"]["allowedWorkloadConfiguration"]
    kept = control.meta.service_model.operation_model("UpdateAgentRuntime").input_shape.members
    control.update_agent_runtime(**{key: found[key] for key in kept if key in found})
    (target,) = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    rule = control.create_gateway_rule(
        gatewayIdentifier=gateway_id,
        priority=1,
        conditions=[{"matchPaths": {"anyOf": ["/live/*"]}}],
        actions=[{"routeToTarget": {"staticRoute": {"targetName": "live"}}}],
    )
    assert target["name"] == "live"
    plan = good(lifecycle.run(marked(name, tiny, "one", dryRun=True, **CLOSED)))["plan"]
    assert plan["runtime"]["repaired"] == ["the runtime's lock to its gateway was changed"]
    assert plan["gateway"]["repaired"] == [f"the gateway's rule {rule['ruleId']} was added"]
    repaired = good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
    assert repaired["repaired"] == [
        "the runtime's lock to its gateway was changed",
        f"the gateway's rule {rule['ruleId']} was added",
    ]
    assert control.list_gateway_rules(gatewayIdentifier=gateway_id)["gatewayRules"] == []
    assert call(url, token).status_code in (401, 403)

    # A gateway that is gone gets a successor, and the lock with it.
    control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target["targetId"])
    delete_when_empty(control, gateway_id)
    healed = good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
    assert healed["gateway"]["id"] != gateway_id
    assert "the gateway was deleted" in healed["repaired"]
    assert call(url, token).status_code in (401, 403)
    assert call(healed["gateway"]["endpoint"], token).status_code == 200


def delete_when_empty(control: Any, gateway_id: str) -> None:
    while control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]:
        pass
    control.delete_gateway(gatewayIdentifier=gateway_id)
    while gateway_id in {one["gatewayId"] for one in control.list_gateways()["items"]}:
        pass


def test_another_sign_in_is_refused_by_name(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    good(lifecycle.run(marked(name, tiny, "one", **CLOSED)))
    other = {"type": "cognito", "flow": "clientCredentials"}
    refused = lifecycle.run(marked(name, tiny, "one", auth=other, **CLOSED))
    assert refused.error == "InvalidRequestError"
    assert refused.cause.startswith("auth: given another sign-in")
    assert good(lifecycle.run({"action": "smokeTest", "environment": name}))
