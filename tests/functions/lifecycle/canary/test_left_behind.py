"""A canary that was stopped or killed: whoever comes next removes what it left behind, and names it."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.canary.clear import clear_canary
from lifecycle.errors import WaitTimeoutError
from lifecycle.gateway.teardown import delete_gateway
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.runtime.teardown import delete_runtime
from tests.functions.lifecycle.canary.splitting import CANARY, NEW, Splitting
from tests.functions.lifecycle.killer import Killed

NOTHING: tuple[list[Any], list[str], dict[str, str]] = ([], ["live"], {"live": "1"})
ACTIONS: list[dict[str, Any]] = [CANARY | NEW, {"action": "smokeTest"}]


def stopped(splitting: Splitting) -> None:
    """The execution ends in the middle of its first step."""
    splitting.shift()
    splitting.world.records.release("dev", splitting.world.execution)


def test_the_next_execution_removes_it_and_names_it(splitting: Splitting) -> None:
    rule_id = ""
    stopped(splitting)
    (rule,) = splitting.rules()
    rule_id = rule["ruleId"]
    splitting.world.begin("three", CANARY | NEW)
    gateway, runtime = splitting.front.id, splitting.world.only_runtime().id
    ending = "was left behind by a canary that did not end"
    assert splitting.clear().repaired == [
        f"rule {rule_id} of gateway {gateway} {ending}",
        f"target canary of gateway {gateway} {ending}",
        f"endpoint candidate of {runtime} {ending}",
    ]
    assert splitting.everything() == NOTHING
    assert splitting.world.record().canary is None


def test_a_teardown_removes_all_of_it(splitting: Splitting) -> None:
    stopped(splitting)
    splitting.world.begin("gone", {"action": "teardown"})
    splitting.world.loop(delete_gateway)
    assert splitting.front.gateways() == []
    assert splitting.world.record().canary is None
    splitting.world.loop(delete_runtime)
    assert splitting.world.store.runtimes == {}


def test_a_canary_that_could_not_be_cleared_goes_with_the_environment(splitting: Splitting) -> None:
    splitting.shift()
    splitting.promote()
    with pytest.raises(WaitTimeoutError, match="was still there after 600 s"):
        splitting.world.run(clear_canary, deadline=1)
    assert splitting.world.record().canary is not None
    splitting.world.loop(delete_gateway)
    splitting.world.loop(delete_runtime)
    assert splitting.front.gateways() == []
    assert splitting.world.record().canary is None
    assert splitting.world.store.runtimes == {}


def test_without_its_gateway_and_runtime_nothing_is_left_to_remove(splitting: Splitting) -> None:
    splitting.shift()
    for rule in splitting.rules():
        splitting.control.delete_gateway_rule(
            gatewayIdentifier=splitting.front.id, ruleId=rule["ruleId"]
        )
    splitting.world.pass_(5)
    gateway = splitting.front.id
    for target in splitting.front.targets():
        splitting.control.delete_gateway_target(
            gatewayIdentifier=gateway, targetId=target["targetId"]
        )
    splitting.world.pass_(5)
    splitting.control.delete_gateway(gatewayIdentifier=gateway)
    splitting.world.pass_(5)
    assert splitting.clear().done
    assert splitting.endpoints() == {"live": "1"}


@pytest.mark.parametrize("kind", ["shift", "clear"])
def test_killed_after_any_call_it_can_be_run_again_or_cleared(
    splitting: Splitting, kind: str
) -> None:
    """Kill the stage after its first call, then after its second, and so on; each time clear what is there."""
    live, killed = splitting, 0
    for number in range(1, 60):
        live.world.begin(f"run-{number}", CANARY | NEW)
        if kind == "clear":
            live.shift()
        live.world.killer.start(number)
        try:
            live.shift() if kind == "shift" else live.clear()
        except Killed:
            killed += 1
        else:
            break
        finally:
            live.world.killer.start()
        live.world.pass_(10)
        if kind == "shift" and number % 2:
            # Retried by the same execution.
            live.shift()
            assert (live.weights(), live.targets()) == ([5], ["canary", "live"])
        live.world.begin(f"after-{number}", CANARY)
        live.clear()
        assert live.everything() == NOTHING, number
        assert live.world.record().canary is None
    else:
        raise AssertionError("it never ended")
    assert killed > 5


@pytest.mark.parametrize("asked", ACTIONS, ids=lambda asked: asked.get("action", "provision"))
def test_prepare_says_that_something_was_left_behind(
    splitting: Splitting, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(splitting)
    monkeypatch.setattr(
        "lifecycle.request.preparation.check_provider", lambda *_args, **_more: None
    )
    event = PrepareEvent(execution="execution:next", input=asked)
    assert prepare_request(event, clients=splitting.world.clients).left_canary
    splitting.world.execution = "execution:next"
    splitting.world.loop(clear_canary)
    splitting.world.records.release("dev", "execution:next")
    again = PrepareEvent(execution="execution:last", input=asked)
    assert not prepare_request(again, clients=splitting.world.clients).left_canary
