"""Wait for the runtime, and move `live` only to what was proved."""

from typing import Any

import pytest

from lifecycle.errors import (
    EnvironmentNotFoundError,
    RuntimeFailedError,
    SmokeTestError,
    WaitTimeoutError,
)
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from local.edge.faults import Fault

CONTROL = "bedrock-agentcore-control"


def fail(world: Any, operation: str, reason: str = "no\ncapacity") -> None:
    world.faults.add(Fault(CONTROL, operation, "failureState", reason=reason))


def updated(world: Any) -> None:
    """Version 1 is live; version 2 is on DEFAULT and proved."""
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    world.prove()


def test_it_is_done_when_runtime_and_default_are_ready(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    first = world.check()
    assert (first.done, first.redeploy, first.status) == (False, False, "CREATING")
    world.pass_(10)
    last = world.check()
    assert (last.done, last.status) == (True, "READY")
    assert (last.runtime.version, last.runtime.endpoint) == ("1", "DEFAULT")


def test_a_failure_is_told_with_the_services_reason_and_recorded(world: Any) -> None:
    world.begin("one")
    world.build()
    fail(world, "CreateAgentRuntime")
    world.deploy()
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match=r"CREATE_FAILED on version 1: no capacity"):
        world.check()
    runtime = world.record().runtime
    assert runtime.failed_version == "1"
    assert "capacity" in runtime.failed_reason


def test_a_failed_update_leaves_live_where_it_was(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    fail(world, "UpdateAgentRuntime")
    world.deploy()
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match="UPDATE_FAILED on version 2"):
        world.check()
    runtime = world.record().runtime
    assert (runtime.live_version, runtime.failed_version) == ("1", "2")
    assert world.only_runtime().endpoints["live"].live == "1"


def test_at_the_deadline_the_last_status_is_told(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    with pytest.raises(WaitTimeoutError, match="still CREATING after 1800 s"):
        world.check(deadline=1)
    world.pass_(10)
    assert world.check(deadline=1).done


def test_a_runtime_that_vanished_is_to_be_deployed_again(world: Any) -> None:
    world.begin("one")
    world.build()
    gone = world.deploy().runtime.id
    world.pass_(10)
    world.control.delete_agent_runtime(agentRuntimeId=gone)
    world.pass_(10)
    assert world.check().redeploy
    assert world.loop(check_runtime).runtime.id != gone


def test_metadata_service_version_2_is_switched_on_after_a_create_without_it(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    version = world.only_runtime().latest
    version.configuration["metadataConfiguration"] = {"requireMMDSV2": False}
    world.pass_(10)
    assert world.check().redeploy
    assert world.loop(check_runtime).runtime.version == "2"
    assert world.detail()["metadataConfiguration"] == {"requireMMDSV2": True}
    assert world.record().runtime.deployment.change == "created"


def test_nothing_to_check_or_promote_without_a_deployment(world: Any) -> None:
    world.begin("one")
    for stage in (check_runtime, promote_version):
        with pytest.raises(EnvironmentNotFoundError):
            world.run(stage)


def test_live_is_made_on_the_proved_version(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    world.loop(check_runtime)
    world.prove()
    first = world.promote()
    assert (first.done, first.promotion.previous_version) == (False, None)
    assert world.record().runtime.live_version is None
    last = world.loop(promote_version)
    assert (last.promotion.version, last.promotion.previous_version) == ("1", None)
    assert last.runtime.invocation_url.endswith("?qualifier=live")
    assert world.record().runtime.live_version == "1"
    assert world.record().runtime.live_identity == world.record().identity


def test_live_moves_and_tells_where_it_was(world: Any) -> None:
    updated(world)
    last = world.loop(promote_version)
    assert (last.promotion.version, last.promotion.previous_version) == ("2", "1")
    assert world.only_runtime().endpoints["live"].live == "2"
    assert world.record().runtime.live_version == "2"


def test_the_logs_of_both_endpoints_are_kept_as_long_as_the_stack_says(world: Any) -> None:
    world.provision("one")
    runtime_id = world.record().runtime.id
    prefix = f"/aws/bedrock-agentcore/runtimes/{runtime_id}-"
    logs = world.clients.logs

    def kept() -> dict[str, int | None]:
        found = logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
        return {group["logGroupName"]: group.get("retentionInDays") for group in found}

    assert kept() == {f"{prefix}DEFAULT": 30, f"{prefix}live": 30}
    # Changed by hand, and made by AgentCore itself.
    logs.put_retention_policy(logGroupName=f"{prefix}live", retentionInDays=1)
    logs.delete_retention_policy(logGroupName=f"{prefix}DEFAULT")
    world.provision("two")
    assert kept() == {f"{prefix}DEFAULT": 30, f"{prefix}live": 30}


def test_an_unproved_version_does_not_go_live(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    with pytest.raises(SmokeTestError, match="version 2"):
        world.promote()
    assert world.only_runtime().endpoints["live"].live == "1"


def test_a_failed_move_is_told_and_a_redrive_tries_again(world: Any) -> None:
    updated(world)
    fail(world, "UpdateAgentRuntimeEndpoint")
    assert world.promote().done is False
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match=r"UPDATE_FAILED for version 2: no capacity"):
        world.promote()
    assert world.only_runtime().endpoints["live"].live == "1"
    assert world.record().runtime.live_version == "1"
    assert world.loop(promote_version).promotion.previous_version == "1"
    assert world.only_runtime().endpoints["live"].live == "2"
    assert world.record().runtime.failed_version is None


def test_a_live_that_never_came_up_is_made_anew_by_the_next_execution(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    world.loop(check_runtime)
    world.prove()
    fail(world, "CreateAgentRuntimeEndpoint")
    world.promote()
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match="CREATE_FAILED"):
        world.promote()
    world.provision("two")
    assert world.only_runtime().endpoints["live"].live == "1"


def test_a_promotion_gives_up_at_the_deadline(world: Any) -> None:
    updated(world)
    with pytest.raises(WaitTimeoutError, match="not on version 2"):
        world.promote(deadline=1)
    world.pass_(10)
    assert world.promote(deadline=1).done


def test_it_is_not_done_while_default_serves_an_older_version(world: Any) -> None:
    updated(world)
    default = world.only_runtime().endpoints["DEFAULT"]
    default.live = "1"
    assert world.check().done is False
    default.live = "2"
    assert world.check().done
