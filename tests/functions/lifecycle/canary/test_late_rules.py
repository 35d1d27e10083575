"""The list of rules lags (the reading `rule-list=late`): no rule is made twice, left behind, or taken for drift."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.canary.clear import clear_canary
from lifecycle.canary.parts import weight_of
from lifecycle.gateway.teardown import delete_gateway
from tests.functions.lifecycle.canary.splitting import CANARY, NEW, Splitting

NOTHING: tuple[list[Any], list[str], dict[str, str]] = ([], ["live"], {"live": "1"})


@pytest.fixture
def late(splitting: Splitting) -> Splitting:
    splitting.world.store.readings.change({"rule-list": "late"})
    return splitting


def there(late: Splitting) -> list[dict[str, Any]]:
    """The rules that there are, whatever the list shows."""
    with late.prompt("rule-list"):
        return late.rules()


def own(late: Splitting) -> list[str]:
    """The ids of the rules that lead to the canary's target."""
    return [str(rule["ruleId"]) for rule in there(late) if weight_of(rule) is not None]


def everything(late: Splitting) -> tuple[list[Any], list[str], dict[str, str]]:
    return there(late), late.targets(), late.endpoints()


def lose_the_answer(late: Splitting) -> str:
    """End the shift before it has AgentCore's answer to the create of the rule; returns the rule's id."""
    with late.killed_before_the_answer("CreateGatewayRule"):
        late.shift()
    (rule_id,) = own(late)
    assert late.note().rule_id is None
    return rule_id


def add_rule(late: Splitting, priority: int) -> None:
    """Somebody adds a rule."""
    late.control.create_gateway_rule(
        gatewayIdentifier=late.front.id,
        priority=priority,
        conditions=[{"matchPaths": {"anyOf": ["/other/*"]}}],
        actions=[{"routeToTarget": {"staticRoute": {"targetName": "live"}}}],
    )


def test_the_rule_is_made_once_and_gets_each_weight(late: Splitting) -> None:
    made = []
    late.world.killer.start()
    for step, weight in ((0, 5), (1, 25), (2, 50)):
        late.shift(step)
        assert late.note().weight == weight
        made += [rule["ruleId"] for rule in there(late)]
    assert len(set(made)) == 1
    changes = [call for call in late.world.killer.calls if call.endswith("teGatewayRule")]
    # The list shows the weight of before for some moments.
    assert changes == ["CreateGatewayRule", "UpdateGatewayRule", "UpdateGatewayRule"]


def test_a_rule_whose_answer_was_lost_is_not_made_twice(late: Splitting) -> None:
    rule_id = lose_the_answer(late)
    late.world.pass_(1)
    late.shift()
    assert own(late) == [rule_id] == [late.note().rule_id]


def test_the_create_is_repeated_as_it_was_whatever_has_changed(late: Splitting) -> None:
    add_rule(late, 1)
    late.world.pass_(5)
    rule_id = lose_the_answer(late)
    (theirs,) = (rule["ruleId"] for rule in there(late) if rule["ruleId"] != rule_id)
    late.control.delete_gateway_rule(gatewayIdentifier=late.front.id, ruleId=theirs)
    late.world.pass_(1)
    late.shift(1)
    assert own(late) == [rule_id] == [late.note().rule_id]
    assert late.note().weight == 25


def test_a_priority_that_the_list_does_not_show_yet_is_left_alone(late: Splitting) -> None:
    while late.targets()[0] != "canary":
        late.call()
        late.world.pass_(2)
    add_rule(late, 1)
    late.world.pass_(1)
    late.shift()
    assert sorted(rule["priority"] for rule in there(late)) == [1, 2]


def test_a_rule_that_somebody_deleted_is_made_anew(late: Splitting) -> None:
    late.shift()
    former = late.note().rule_id
    late.world.pass_(5)
    late.control.delete_gateway_rule(gatewayIdentifier=late.front.id, ruleId=former)
    late.world.pass_(1)
    late.shift()
    assert own(late) == [late.note().rule_id] != [former]


def test_after_the_canary_its_rule_is_no_drift(
    late: Splitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.agentcore.control.gateways.late_rules.LIST_SECONDS", 100)
    late.shift()
    late.world.pass_(100)
    late.promote()
    assert late.clear().repaired == []
    assert there(late) == []
    assert late.rules() != []
    assert late.front.deploy().repaired == []


@pytest.mark.parametrize("answered", [True, False])
def test_the_rule_goes_before_what_it_leads_to(
    late: Splitting, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    # Whether AgentCore deletes a target that a rule leads to is not documented.
    module = "local.agentcore.control.gateways.targets.operations"
    monkeypatch.setattr(f"{module}._check_unrouted", lambda *_: None)
    late.shift() if answered else lose_the_answer(late)
    for _ in range(20):
        done = late.world.run(clear_canary).done
        rules, targets, endpoints = everything(late)
        assert not rules or (targets, endpoints["candidate"]) == (["canary", "live"], "2")
        if done:
            break
        late.world.pass_(1)
    assert everything(late) == NOTHING
    assert late.world.record().canary is None


@pytest.mark.parametrize("answered", [True, False])
def test_a_teardown_removes_it(late: Splitting, answered: bool) -> None:
    late.shift() if answered else lose_the_answer(late)
    late.world.records.release("dev", late.world.execution)
    late.world.begin("gone", {"action": "teardown"})
    late.world.loop(delete_gateway)
    assert late.front.gateways() == []


def test_the_next_execution_names_what_was_left_once(late: Splitting) -> None:
    rule_id = lose_the_answer(late)
    late.world.records.release("dev", late.world.execution)
    late.world.begin("three", CANARY | NEW)
    named = [one for one in late.clear().repaired if one.startswith("rule ")]
    assert len(named) == 1
    assert rule_id in named[0]
    assert everything(late) == NOTHING
