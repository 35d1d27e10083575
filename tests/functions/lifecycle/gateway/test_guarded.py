"""A runtime whose callers sign with IAM, closed to everybody but its gateway: role, targets and resource policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import GatewayError, InvalidRequestError, ServiceUnavailableError
from lifecycle.gateway.deploy import deploy_gateway
from lifecycle.gateway.teardown import delete_gateway
from lifecycle.identity.provision import provision_identity
from lifecycle.names import role_name
from lifecycle.request.closed.sign_in import refuse_another_sign_in
from lifecycle.request.model import parse_request
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.runtime.teardown import delete_runtime
from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.gateway.test_closed import loop
from tests.functions.lifecycle.gateway.test_plan import look
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.runtime_world import ACCOUNT, GATEWAY_ROLE

IAM: dict[str, Any] = {"auth": {"type": "iam"}}
OPEN: dict[str, Any] = IAM | {"gateway": {"type": "runtime"}}
CLOSED: dict[str, Any] = IAM | {"gateway": {"type": "runtime", "only": True}}
NAME = role_name("stack", "dev", "gateway")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agentcore-lifecycle/stack/{NAME}"
OWN = "GATEWAY_IAM_ROLE"
CALLERS = "CALLER_IAM_CREDENTIALS"


def begin(front: Front, name: str, request: dict[str, Any]) -> None:
    """A provision up to the runtime, which is ready."""
    world = front.world
    world.begin(name, request)
    world.run(provision_identity)
    if not world.publish().done:
        world.finish_build()
        assert world.publish().done


def promote(front: Front, name: str, request: dict[str, Any], *, closes: bool = False) -> None:
    """A provision up to the promotion, in the order of the state machine."""
    world = front.world
    begin(front, name, request)
    if closes:
        loop(front, "gateway")
    world.deploy()
    world.loop(check_runtime)
    if closes:
        loop(front, "candidate")
    world.prove()
    world.loop(promote_version)


def provision(front: Front, name: str, request: dict[str, Any], *, closes: bool = False) -> Any:
    """A whole provision."""
    world = front.world
    promote(front, name, request, closes=closes)
    result = front.deploy() if "gateway" in request else world.loop(deploy_gateway)
    world.records.release("dev", world.execution)
    return result


def close(front: Front, name: str, **more: Any) -> Any:
    return provision(front, name, CLOSED | more, closes=True)


def arn(front: Front) -> str:
    return str(front.world.only_runtime().arn)


def policy(front: Front) -> dict[str, Any] | None:
    try:
        answer = front.control.get_resource_policy(resourceArn=arn(front))
    except ClientError:
        return None
    found: dict[str, Any] | None = json.loads(answer["policy"]) if "policy" in answer else None
    return found


def targets(front: Front) -> dict[str, tuple[str, str]]:
    """Endpoint and credentials of each target."""
    found = {}
    for one in front.targets():
        target = front.control.get_gateway_target(
            gatewayIdentifier=front.id, targetId=one["targetId"]
        )
        runtime = target["targetConfiguration"]["http"]["agentcoreRuntime"]
        (credentials,) = target["credentialProviderConfigurations"]
        found[target["name"]] = runtime["qualifier"], credentials["credentialProviderType"]
    return found


def role(front: Front) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = front.world.clients.iam.get_role(RoleName=NAME)["Role"]
    except ClientError:
        return None
    return found


def rights(front: Front) -> Any:
    got = front.world.clients.iam.get_role_policy(RoleName=NAME, PolicyName="environment")
    (statement,) = got["PolicyDocument"]["Statement"]
    return statement


def only(front: Front) -> Any:
    record = front.world.record()
    return record.runtime.live_identity.only_gateway  # type: ignore[union-attr]


def test_the_first_version_is_closed_before_it_is_tested(front: Front) -> None:
    world = front.world
    begin(front, "one", CLOSED)
    made = loop(front, "gateway")
    assert (made.gateway.only, front.gateway()["roleArn"]) == (True, ROLE)
    assert rights(front) == {"Effect": "Deny", "Action": "*", "Resource": "*"}
    world.deploy()
    world.loop(check_runtime)
    assert policy(front) is None
    loop(front, "candidate")
    assert policy(front) is not None
    assert world.record().runtime.is_guarded  # type: ignore[union-attr]
    assert targets(front) == {"candidate": ("DEFAULT", OWN)}
    world.prove()
    world.loop(promote_version)
    result = front.deploy()
    assert (result.gateway.only, result.repaired) == (True, [])
    assert targets(front) == {"live": ("live", OWN)}
    assert only(front) == front.gateway()["gatewayArn"]


def test_the_policy_denies_everybody_but_the_role_and_the_role_may_do_nothing_else(
    front: Front,
) -> None:
    close(front, "one")
    runtime = arn(front)
    found = policy(front)
    assert found is not None
    allow, deny = found["Statement"]
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"AWS": ROLE})
    # A gateway passes on invocations and the agent card: which right AWS asks for a card then is not documented.
    passed_on = ["bedrock-agentcore:GetAgentCard", "bedrock-agentcore:InvokeAgentRuntime"]
    assert allow["Action"] == passed_on
    assert (deny["Effect"], deny["Principal"]) == ("Deny", {"AWS": "*"})
    assert deny["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}
    assert {each["Resource"] for each in (allow, deny)} == {runtime}
    # Whoever may manage the runtime still may, and stop its sessions.
    verbs = {action.partition(":")[2] for action in deny["Action"]}
    assert all(verb.startswith("InvokeAgentRuntime") or verb == "GetAgentCard" for verb in verbs)
    names = ("DEFAULT", "candidate", "live")
    assert rights(front) == {
        "Effect": "Allow",
        "Action": passed_on,
        "Resource": [runtime, *(f"{runtime}/runtime-endpoint/{name}" for name in names)],
    }
    made = role(front)
    assert made is not None
    (trust,) = made["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {
            "aws:SourceArn": f"arn:aws:bedrock-agentcore:us-west-2:{ACCOUNT}:gateway/stack-dev-??????????"
        },
    }
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("/gateway-boundary")


def test_an_open_runtime_is_closed_after_the_promotion_and_after_its_target(front: Front) -> None:
    provision(front, "one", OPEN)
    assert (front.gateway()["roleArn"], targets(front)) == (
        GATEWAY_ROLE,
        {"live": ("live", CALLERS)},
    )
    begin(front, "two", CLOSED)
    loop(front, "gateway")
    front.world.deploy()
    front.world.loop(check_runtime)
    loop(front, "candidate")
    # Callers of `live` come as before; the version under test has its way.
    assert policy(front) is None
    assert targets(front) == {"candidate": ("DEFAULT", OWN), "live": ("live", CALLERS)}
    front.world.prove()
    front.world.loop(promote_version)
    front.world.killer.start()
    result = front.deploy()
    calls = front.world.killer.calls
    assert calls.index("UpdateGatewayTarget") < calls.index("PutResourcePolicy")
    assert (result.gateway.change, result.repaired) == ("updated", [])
    assert targets(front) == {"live": ("live", OWN)}
    assert policy(front) is not None


def test_a_rebuild_changes_nothing_of_it(front: Front) -> None:
    close(front, "one")
    before = policy(front)
    front.world.killer.start()
    result = close(front, "two")
    assert (result.gateway.change, result.repaired) == ("unchanged", [])
    writes = [c for c in front.world.killer.calls if c.endswith(("Policy", "Role"))]
    assert [c for c in writes if not c.startswith("Get")] == []
    assert policy(front) == before


@pytest.mark.parametrize("reading", ["not-found", "empty"])
@pytest.mark.parametrize("what", ["removed", "changed"])
def test_what_was_done_to_the_policy_by_hand_is_repaired_and_named(
    front: Front, what: str, reading: str
) -> None:
    front.world.store.readings.change({"no-resource-policy": reading})
    close(front, "one")
    before = policy(front)
    assert before is not None
    if what == "removed":
        front.control.delete_resource_policy(resourceArn=arn(front))
    else:
        text = json.dumps(before | {"Statement": before["Statement"][:1]})
        front.control.put_resource_policy(resourceArn=arn(front), policy=text)
    result = close(front, "two")
    assert result.repaired == [f"the runtime's resource policy was {what}"]
    assert policy(front) == before


def test_a_form_in_which_iam_writes_the_same_is_no_drift(front: Front) -> None:
    close(front, "one")
    found = policy(front)
    assert found is not None
    allow, deny = found["Statement"]
    allow["Principal"], allow["Action"] = {"AWS": [ROLE]}, allow["Action"][::-1]
    deny["Principal"], deny["Action"] = "*", deny["Action"][::-1]
    text = json.dumps(found | {"Statement": [deny, allow]})
    front.control.put_resource_policy(resourceArn=arn(front), policy=text)
    assert close(front, "two").repaired == []


def test_a_policy_that_the_lifecycle_did_not_write_is_left_alone(front: Front) -> None:
    provision(front, "one", OPEN)
    theirs = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "bedrock-agentcore:InvokeAgentRuntimeCommand",
            "Resource": arn(front),
        },
    }
    front.control.put_resource_policy(resourceArn=arn(front), policy=json.dumps(theirs))
    with pytest.raises(
        GatewayError, match="has a resource policy that the lifecycle did not write"
    ):
        close(front, "two")
    assert policy(front) == theirs
    # Before anything was changed.
    assert (role(front), front.gateway()["roleArn"]) == (None, GATEWAY_ROLE)


def test_without_only_the_runtime_is_open_before_its_version_is_tested(front: Front) -> None:
    close(front, "one")
    begin(front, "two", OPEN)
    front.world.deploy()
    assert (policy(front), front.world.record().runtime.guard) == (None, None)  # type: ignore[union-attr]
    # Callers through the gateway come as before.
    assert (front.gateway()["roleArn"], targets(front)) == (ROLE, {"live": ("live", OWN)})
    front.world.loop(check_runtime)
    front.world.prove()
    front.world.loop(promote_version)
    front.world.killer.start()
    result = front.deploy()
    calls = front.world.killer.calls
    # A target that calls with the role never meets a gateway without it.
    order = [calls.index(c) for c in ("UpdateGatewayTarget", "UpdateGateway", "DeleteRole")]
    assert order == sorted(order)
    assert (result.gateway.only, result.repaired, only(front)) == (False, [], None)
    assert (front.gateway()["roleArn"], targets(front)) == (
        GATEWAY_ROLE,
        {"live": ("live", CALLERS)},
    )
    assert (role(front), front.section().caller) == (None, None)


def test_a_policy_that_agentcore_does_not_find_but_shows_is_not_gone(front: Front) -> None:
    close(front, "one")
    begin(front, "two", OPEN)
    lost = front.refused("DeleteResourcePolicy", "not found", "ResourceNotFoundException")
    with lost, pytest.raises(ServiceUnavailableError, match="still shows the resource policy"):
        front.world.deploy()
    assert front.world.record().runtime.is_guarded  # type: ignore[union-attr]
    front.world.deploy()
    assert (policy(front), front.world.record().runtime.guard) == (None, None)  # type: ignore[union-attr]


def test_a_policy_that_somebody_deleted_is_gone(front: Front) -> None:
    front.world.store.readings.change({"no-resource-policy": "not-found"})
    close(front, "one")
    front.control.delete_resource_policy(resourceArn=arn(front))
    begin(front, "two", OPEN)
    front.world.deploy()
    assert front.world.record().runtime.guard is None  # type: ignore[union-attr]


def test_without_a_gateway_the_role_goes_with_it(front: Front) -> None:
    close(front, "one")
    provision(front, "two", IAM)
    assert (policy(front), role(front), front.gateways()) == (None, None, [])


def test_another_sign_in_opens_the_runtime_and_may_not_close_it(front: Front) -> None:
    close(front, "one")
    front.world.begin("two", {"auth": {"type": "iam"}})
    record = front.world.record().model_copy(update={"proven_request": {"auth": {"type": "iam"}}})
    cognito = {"gateway": {"type": "runtime", "only": True}}
    with pytest.raises(InvalidRequestError, match="another sign-in"):
        refuse_another_sign_in(parse_request(cognito), record)
    refuse_another_sign_in(parse_request({"gateway": {"type": "runtime"}}), record)


def test_a_teardown_keeps_the_runtime_closed_until_it_goes(front: Front) -> None:
    close(front, "one")
    front.world.begin("two", {"action": "teardown", "dryRun": True})
    label = f"resource policy of runtime {front.world.only_runtime().id}"
    assert label in front.world.run(delete_runtime).would_remove
    front.world.begin("three", {"action": "teardown"})
    front.world.loop(delete_gateway)
    assert (front.gateways(), role(front)) == ([], None)
    assert policy(front) is not None
    front.world.killer.start()
    removed = front.world.loop(delete_runtime).removed
    calls = front.world.killer.calls
    assert calls.index("DeleteResourcePolicy") < calls.index("DeleteAgentRuntime")
    assert label in removed


def test_a_rollback_goes_to_a_version_that_was_made_open_as_it_is(front: Front) -> None:
    provision(front, "one", OPEN)
    close(front, "two", runtime={"description": "second"})
    front.world.begin_rollback("three")
    restored = front.world.loop(restore_version)
    assert not restored.gone
    loop(front, "candidate")
    assert targets(front)["candidate"] == ("candidate", OWN)
    front.world.prove()
    front.world.loop(promote_version)
    result = front.deploy()
    assert (result.gateway.only, result.repaired) == (True, [])
    assert only(front) == front.gateway()["gatewayArn"]
    assert front.world.record().runtime.is_guarded  # type: ignore[union-attr]


def test_a_role_that_agentcore_does_not_see_yet_is_waited_for(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By the clock of IAM, which no test moves.
    monkeypatch.setattr("local.agentcore.control.account.YOUNG_SECONDS", 3600.0)
    begin(front, "one", CLOSED)
    loop(front, "gateway")
    front.world.deploy()
    front.world.loop(check_runtime)
    front.world.store.readings.change({"young-role": "late"})
    with pytest.raises(AssertionError, match="never ready"):
        loop(front, "candidate")
    front.world.store.readings.reset()
    loop(front, "candidate")
    assert policy(front) is not None


@pytest.mark.parametrize("part", ["candidate", None])
def test_killed_after_any_write_it_ends_the_same(front: Front, part: Any) -> None:
    provision(front, "one", OPEN)
    begin(front, "two", CLOSED)
    loop(front, "gateway")
    front.world.deploy()
    front.world.loop(check_runtime)
    if part is None:
        loop(front, "candidate")
        front.world.prove()
        front.world.loop(promote_version)
    killer = front.world.killer
    for count in range(1, 60):
        killer.start(count)
        try:
            result = loop(front, part) if part else front.deploy()
        except Killed:
            front.world.pass_(5)
            continue
        break
    else:
        raise AssertionError("never done")
    killer.start()
    assert result.repaired == []
    if part is None:
        assert targets(front) == {"live": ("live", OWN)}
        assert policy(front) is not None


def test_a_failed_attempt_to_close_does_not_hinder_an_open_provision(front: Front) -> None:
    provision(front, "one", OPEN)
    front.world.clients.iam.create_role(RoleName=NAME, AssumeRolePolicyDocument="{}")
    begin(front, "two", CLOSED)
    with pytest.raises(GatewayError, match="its tags do not say"):
        loop(front, "gateway")
    front.world.records.release("dev", front.world.execution)
    # Recorded, and never made or given to the gateway.
    assert front.section().calls_by_itself
    result = provision(front, "three", OPEN | {"runtime": {"description": "second"}})
    assert (result.gateway.only, result.repaired) == (False, [])
    assert front.gateway()["roleArn"] == GATEWAY_ROLE
    assert targets(front) == {"live": ("live", CALLERS)}
    assert front.section().caller is None
    # Somebody else's.
    assert role(front) is not None


def test_a_target_stays_while_agentcore_does_not_see_the_role(front: Front) -> None:
    provision(front, "one", OPEN)
    promote(front, "two", CLOSED, closes=True)
    late = front.refused("UpdateGatewayTarget", "The role cannot be used: its policy was not found")
    with late, pytest.raises((ClientError, ServiceUnavailableError)):
        front.deploy()
    assert targets(front)["live"] == ("live", CALLERS)
    front.deploy()
    assert targets(front) == {"live": ("live", OWN)}


def test_a_target_that_may_not_call_with_the_role_is_replaced(front: Front) -> None:
    provision(front, "one", OPEN)
    before = front.target()["targetId"]
    promote(front, "two", CLOSED, closes=True)
    with front.refused(
        "UpdateGatewayTarget", "credentialProviderType GATEWAY_IAM_ROLE is not valid"
    ):
        front.deploy()
    assert targets(front) == {"live": ("live", OWN)}
    assert front.target()["targetId"] != before


def planned(front: Front, request: dict[str, Any]) -> tuple[str, list[str]]:
    front.world.begin("plan", request)
    found = look(front)
    front.world.records.release("dev", front.world.execution)
    return found.change, found.repaired


def test_a_plan_says_that_it_would_be_closed_repaired_or_opened(front: Front) -> None:
    provision(front, "one", OPEN)
    assert planned(front, CLOSED) == ("update", [])
    assert (role(front), policy(front)) == (None, None)
    close(front, "two")
    assert planned(front, CLOSED) == ("unchanged", [])
    assert planned(front, OPEN) == ("update", [])
    front.world.begin("plan", IAM)
    assert look(front).removes[-1] == f"role {NAME}"
    front.world.records.release("dev", front.world.execution)
    front.control.delete_resource_policy(resourceArn=arn(front))
    assert planned(front, CLOSED) == ("update", ["the runtime's resource policy was removed"])
    assert policy(front) is None
