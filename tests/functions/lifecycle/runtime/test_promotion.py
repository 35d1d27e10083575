"""Promote: `live` moves only to a version that passed the smoke test."""

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


def updated(world: Any) -> None:
    """Version 1 is live; version 2 is on DEFAULT and proved."""
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    world.prove()


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


def test_conflicts_while_live_is_made_are_waited_for(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    world.loop(check_runtime)
    world.prove()
    for _ in range(2):
        world.conflict("CreateAgentRuntimeEndpoint")
        assert world.promote().done is False
        assert "live" not in world.only_runtime().endpoints
    last = world.loop(promote_version)
    assert (last.promotion.version, last.promotion.previous_version) == ("1", None)
    assert world.only_runtime().endpoints["live"].live == "1"


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
    world.fail("UpdateAgentRuntimeEndpoint")
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
    world.fail("CreateAgentRuntimeEndpoint")
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
