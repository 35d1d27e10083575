"""The gateway of a closed runtime: it is there before the runtime, and leads to a version before that is promoted."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from lifecycle.errors import GatewayError, InvalidRequestError, ServiceUnavailableError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.promotions.entry import Promoted
from lifecycle.request.closed.sign_in import is_closed, refuse_another_sign_in
from lifecycle.request.model import parse_request
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from tests.functions.lifecycle.gateway.front import Front

CLOSED: dict[str, Any] = {"gateway": {"type": "runtime", "only": True}}
LOCK = "allowedWorkloadConfiguration"


def part_of(part: str, event: StageEvent, **clients: Any) -> Any:
    return deploy_gateway(event.model_copy(update={"part": part}), **clients)


def loop(front: Front, part: str) -> Any:
    """Call the stage as the state machine does: again, while it says that something is not ready."""
    for _ in range(20):
        try:
            return front.world.run(partial(part_of, part))
        except ServiceUnavailableError:
            front.world.pass_(2)
    raise AssertionError(f"{part} was never ready")


def close(front: Front, name: str, **more: Any) -> Any:
    """A whole provision of a closed runtime, in the order of the state machine."""
    world = front.world
    world.begin(name, CLOSED | more)
    if not world.publish().done:
        world.finish_build()
        assert world.publish().done
    loop(front, "gateway")
    world.deploy()
    world.loop(check_runtime)
    loop(front, "candidate")
    world.prove()
    world.loop(promote_version)
    result = front.deploy()
    world.records.release("dev", world.execution)
    return result


def lock(front: Front) -> Any:
    runtime_id = front.world.record().runtime.id  # type: ignore[union-attr]
    found = front.control.get_agent_runtime(agentRuntimeId=runtime_id)
    return found["authorizerConfiguration"]["customJWTAuthorizer"].get(LOCK)


def names(front: Front) -> list[tuple[str, str]]:
    found = []
    for one in front.targets():
        target = front.control.get_gateway_target(
            gatewayIdentifier=front.id, targetId=one["targetId"]
        )
        runtime = target["targetConfiguration"]["http"]["agentcoreRuntime"]
        found.append((target["name"], runtime["qualifier"]))
    return sorted(found)


def test_the_gateway_is_first_and_the_way_to_the_candidate_goes_with_the_promotion(
    front: Front,
) -> None:
    world = front.world
    world.begin("one", CLOSED)
    if not world.publish().done:
        world.finish_build()
        world.publish()
    made = loop(front, "gateway")
    arn = front.gateway()["gatewayArn"]
    assert (made.gateway.only, made.gateway.change, front.targets()) == (True, "created", [])
    assert world.record().identity.only_gateway == arn  # type: ignore[union-attr]
    world.deploy()
    world.loop(check_runtime)
    assert lock(front) == {"hostingEnvironments": [{"arn": arn}]}
    # The gateway itself takes everybody who may sign in.
    assert LOCK not in front.gateway()["authorizerConfiguration"]["customJWTAuthorizer"]
    loop(front, "candidate")
    assert names(front) == [("candidate", "DEFAULT")]
    world.prove()
    world.loop(promote_version)
    result = front.deploy()
    assert names(front) == [("live", "live")]
    assert (result.gateway.only, result.repaired) == (True, [])
    live = world.record().runtime.live_identity  # type: ignore[union-attr]
    assert live is not None
    assert live.only_gateway == arn


def test_a_target_that_leads_elsewhere_is_replaced_and_a_failed_one_named(front: Front) -> None:
    close(front, "one")
    runtime = front.world.record().runtime
    front.control.create_gateway_target(
        gatewayIdentifier=front.id,
        name="candidate",
        targetConfiguration={
            "http": {"agentcoreRuntime": {"arn": runtime.arn, "qualifier": "live"}}  # type: ignore[union-attr]
        },
        credentialProviderConfigurations=[{"credentialProviderType": "JWT_PASSTHROUGH"}],
    )
    front.world.pass_(10)
    front.world.begin("two", CLOSED)
    loop(front, "candidate")
    assert names(front) == [("candidate", "DEFAULT"), ("live", "live")]


def test_a_gateway_that_was_replaced_meanwhile_is_named(front: Front) -> None:
    close(front, "one")
    front.world.begin("two", CLOSED)
    identity = front.world.record().identity
    assert identity is not None
    other = identity.model_copy(update={"only_gateway": "arn:other"})
    front.world.records.update("dev", front.world.execution, identity=other)
    with pytest.raises(GatewayError, match=r"answers only arn:other, and the gateway .* is now"):
        loop(front, "candidate")


def test_a_rule_that_somebody_added_is_removed_and_named(deployed: Front) -> None:
    made = deployed.control.create_gateway_rule(
        gatewayIdentifier=deployed.id,
        priority=1,
        actions=[{"routeToTarget": {"staticRoute": {"targetName": "live"}}}],
    )
    deployed.world.pass_(10)
    result = deployed.provision("two")
    assert result.repaired == [f"the gateway's rule {made['ruleId']} was added"]
    assert result.gateway.change == "updated"
    assert deployed.control.list_gateway_rules(gatewayIdentifier=deployed.id)["gatewayRules"] == []


def test_a_lock_that_was_removed_is_repaired_and_named(front: Front) -> None:
    close(front, "one")
    runtime = front.world.record().runtime
    found = front.control.get_agent_runtime(agentRuntimeId=runtime.id)  # type: ignore[union-attr]
    before = lock(front)
    wider = before | {"workloadIdentities": ["somebody"]}
    found["authorizerConfiguration"]["customJWTAuthorizer"][LOCK] = wider
    taken = front.control.meta.service_model.operation_model("UpdateAgentRuntime").input_shape
    front.control.update_agent_runtime(
        **{name: found[name] for name in taken.members if name in found}
    )
    front.world.pass_(10)
    front.world.begin("two", CLOSED)
    loop(front, "gateway")
    deployed = front.world.deploy()
    assert deployed.repaired == ["the runtime's lock to its gateway was changed"]
    front.world.loop(check_runtime)
    assert lock(front) == before


def test_opened_again_the_runtime_has_no_lock(front: Front) -> None:
    close(front, "one")
    world = front.world
    world.begin("two", {"gateway": {"type": "runtime"}})
    identity = world.record().identity
    assert identity is not None
    opened = identity.model_copy(update={"only_gateway": None})
    world.records.update("dev", world.execution, identity=opened)
    world.publish()
    assert world.deploy().change == "updated"
    world.loop(check_runtime)
    assert lock(front) is None


def test_a_version_that_is_open_is_not_restored_behind_a_closed_gateway(front: Front) -> None:
    front.provision("one", {"runtime": {"description": "open"}})
    front.world.records.release("dev", front.world.execution)
    close(front, "two")
    front.world.begin_rollback("back")
    assert front.world.run(restore_version).gone


def test_what_is_closed_and_which_sign_in_it_takes(front: Front) -> None:
    closed = parse_request(CLOSED)
    assert is_closed(closed, None)
    assert not is_closed(parse_request({}), None)
    assert not is_closed(parse_request({"action": "smokeTest"}), None)
    close(front, "one")
    record = front.world.record().model_copy(update={"proven_request": closed.to_json()})
    assert is_closed(parse_request({"action": "smokeTest"}), record)
    assert not is_closed(parse_request({}), record)
    refuse_another_sign_in(closed, record)
    machine = {"auth": {"type": "cognito", "flow": "clientCredentials"}}
    # Without `only`, the version is tested without the gateway.
    refuse_another_sign_in(parse_request(machine), record)
    with pytest.raises(InvalidRequestError, match="auth: given another sign-in"):
        refuse_another_sign_in(parse_request(CLOSED | machine), record)
    back = parse_request(machine).model_copy(update={"action": "rollback", "version": "1"})
    with pytest.raises(InvalidRequestError, match="version: given '1'"):
        refuse_another_sign_in(back, record)
    assert isinstance(record.promotions[0], Promoted)
