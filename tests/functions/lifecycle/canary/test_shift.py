"""The calls of `live` are split step by step, and nothing is split when there is nothing to split."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.canary import shift
from lifecycle.canary.clear import clear_canary
from lifecycle.errors import CanaryFailedError, WaitTimeoutError
from tests.functions.lifecycle.canary.splitting import CANARY, NEW, Splitting

NOTHING: tuple[list[Any], list[str], dict[str, str]] = ([], ["live"], {"live": "1"})
SPLIT = ["canary", "live"], {"candidate": "2", "live": "1"}


def test_each_step_gives_the_version_its_share(splitting: Splitting) -> None:
    first = splitting.shift(0)
    assert splitting.everything() == ([5], *SPLIT)
    assert (first.canary.version, first.canary.live_version, first.canary.direct) == (
        "2",
        "1",
        None,
    )
    begun = splitting.note()
    for step, weight in ((1, 25), (2, 50)):
        splitting.shift(step, first.canary)
        assert splitting.everything() == ([weight], *SPLIT)
    note = splitting.note()
    assert (note.weight, note.begun_at) == (50, begun.begun_at)
    assert note.rule_id == begun.rule_id == splitting.rules()[0]["ruleId"]


def test_the_rule_splits_the_calls_of_live_and_nothing_else(splitting: Splitting) -> None:
    splitting.shift()
    (rule,) = splitting.rules()
    assert rule["conditions"] == [{"matchPaths": {"anyOf": ["/live/*"]}}]
    split = rule["actions"][0]["routeToTarget"]["weightedRoute"]["trafficSplit"]
    assert {one["targetName"]: one["weight"] for one in split} == {"canary": 5, "live": 95}


def test_the_rule_comes_last(splitting: Splitting) -> None:
    seen: list[tuple[Any, ...]] = []
    for _ in range(10):
        done = splitting.call().done
        seen.append(splitting.everything())
        if done:
            break
        splitting.world.pass_(2)
    split = [everything for everything in seen if everything[0]]
    assert split
    assert all(targets == ["canary", "live"] for _, targets, _ in split)
    # Whoever comes next knows of each before it is there.
    assert splitting.note().version == "2"


def test_after_the_last_step_live_moves_and_nothing_is_left(splitting: Splitting) -> None:
    splitting.shift()
    assert splitting.promote().promotion.version == "2"
    # The rule still splits: both targets lead to the version, so no caller meets the old one again.
    assert splitting.everything() == ([5], ["canary", "live"], {"candidate": "2", "live": "2"})
    assert splitting.clear().repaired == []
    assert splitting.everything() == ([], ["live"], {"live": "2"})
    assert splitting.world.record().canary is None


def test_a_failed_canary_leaves_the_old_version(splitting: Splitting) -> None:
    splitting.shift()
    assert splitting.clear().repaired == []
    assert splitting.everything() == NOTHING


def test_the_rule_goes_first(splitting: Splitting) -> None:
    splitting.shift()
    seen = []
    for _ in range(10):
        done = splitting.world.run(clear_canary).done
        seen.append(splitting.everything())
        if done:
            break
        splitting.world.pass_(2)
    for weights, targets, endpoints in seen:
        assert not weights or (targets, endpoints) == SPLIT
        assert "canary" not in targets or "candidate" in endpoints


def test_an_unchanged_version_is_promoted_directly(live: Splitting) -> None:
    live.world.begin("two", CANARY)
    live.world.prove()
    result = live.call()
    assert (result.done, result.canary.direct) == (True, shift.UNCHANGED)
    assert live.everything() == NOTHING
    assert live.world.record().canary is None


def test_without_its_gateway_a_version_is_promoted_directly(splitting: Splitting) -> None:
    splitting.front.delete_target()
    result = splitting.call()
    assert (result.done, result.canary.direct) == (True, shift.NO_GATEWAY)


def test_an_endpoint_of_an_earlier_rollback_becomes_the_canarys(live: Splitting) -> None:
    live.world.provision("two", NEW)
    live.world.begin_rollback("back", "1")
    live.world.loop(lambda event, clients: live.world.clients and _restore(event, clients))
    live.begin("three", runtime={"description": "third"})
    live.shift()
    assert live.endpoints() == {"candidate": "3", "live": "2"}
    runtime = live.world.record().runtime
    assert runtime is not None
    assert runtime.candidate is None
    live.promote()
    live.clear()
    assert live.endpoints() == {"live": "3"}


def _restore(event: Any, clients: Any) -> Any:
    from lifecycle.runtime.rollback.restore import restore_version

    return restore_version(event, clients=clients)


@pytest.mark.parametrize("operation", ["CreateAgentRuntimeEndpoint", "CreateGatewayTarget"])
def test_what_agentcore_cannot_make_fails_the_canary(splitting: Splitting, operation: str) -> None:
    splitting.world.fail(operation)
    splitting.world.fail(operation)
    with pytest.raises(CanaryFailedError, match=r"FAILED: no capacity; all calls go to version 1"):
        splitting.shift()
    splitting.clear()
    assert splitting.everything() == NOTHING


@pytest.mark.parametrize(
    "operation", ["CreateAgentRuntimeEndpoint", "CreateGatewayTarget", "CreateGatewayRule"]
)
def test_while_agentcore_is_busy_it_waits(splitting: Splitting, operation: str) -> None:
    splitting.world.conflict(operation)
    splitting.shift()
    assert splitting.everything() == ([5], *SPLIT)


def test_a_priority_that_somebody_else_uses_is_left_alone(splitting: Splitting) -> None:
    static = {"routeToTarget": {"staticRoute": {"targetName": "live"}}}
    splitting.control.create_gateway_rule(
        gatewayIdentifier=splitting.front.id,
        priority=1,
        conditions=[{"matchPaths": {"anyOf": ["/other/*"]}}],
        actions=[static],
    )
    splitting.world.pass_(5)
    splitting.shift()
    assert sorted(rule["priority"] for rule in splitting.rules()) == [1, 2]
    splitting.clear()
    assert [rule["priority"] for rule in splitting.rules()] == [1]


def test_the_gateways_repair_leaves_the_rule_alone(splitting: Splitting) -> None:
    splitting.shift()
    assert splitting.front.deploy().repaired == []
    assert splitting.everything() == ([5], *SPLIT)


def test_a_target_that_leads_elsewhere_is_replaced(splitting: Splitting) -> None:
    runtime = {"arn": splitting.world.only_runtime().arn, "qualifier": "DEFAULT"}
    splitting.control.create_gateway_target(
        gatewayIdentifier=splitting.front.id,
        name="canary",
        targetConfiguration={"http": {"agentcoreRuntime": runtime}},
        credentialProviderConfigurations=[{"credentialProviderType": "JWT_PASSTHROUGH"}],
    )
    splitting.world.pass_(5)
    splitting.shift()
    assert splitting.led_to() == {"canary": "candidate", "live": "live"}
    assert splitting.everything() == ([5], *SPLIT)


def test_the_deadline_ends_a_shift_and_a_removal(splitting: Splitting) -> None:
    late = splitting.event().model_copy(update={"deadline": 1})
    with pytest.raises(WaitTimeoutError, match=r"endpoint candidate of .* was still CREATING"):
        shift.shift_traffic(late, clients=splitting.world.clients)
    with pytest.raises(WaitTimeoutError, match="the record still lists the canary"):
        splitting.world.run(clear_canary, deadline=1)
    assert splitting.world.record().canary is not None
