"""Check the runtime: done when the runtime and its endpoint DEFAULT are ready."""

import re
import time
from typing import Any

import pytest

from lifecycle.errors import RuntimeFailedError, WaitTimeoutError
from lifecycle.runtime.readiness import check_runtime


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
    world.fail("CreateAgentRuntime")
    world.deploy()
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match=r"CREATE_FAILED on version 1: no capacity"):
        world.check()
    runtime = world.record().runtime
    assert runtime.failed_version == "1"
    assert "capacity" in runtime.failed_reason


def test_a_reason_is_repeated_word_for_word(world: Any) -> None:
    reason = (
        "Subnet subnet-0a1b is in Availability Zone use1-az3, which AgentCore Runtime does not support. "
        "Use one of: use1-az1, use1-az2, use1-az4."
    )
    world.begin("one")
    world.build()
    world.fail("CreateAgentRuntime", reason)
    world.deploy()
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match=re.escape(reason)):
        world.check()
    assert reason in world.record().runtime.failed_reason


def test_the_agents_last_error_is_told_if_it_was_started(world: Any) -> None:
    world.begin("one")
    world.build()
    world.fail("CreateAgentRuntime", reason="the warm-up failed")
    world.deploy()
    group = f"/aws/bedrock-agentcore/runtimes/{world.only_runtime().id}-DEFAULT"
    logs = world.clients.logs
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    events = [{"timestamp": round(time.time() * 1000), "message": "KeyError: 'TABLE'"}]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
    world.pass_(10)
    with pytest.raises(RuntimeFailedError) as failed:
        world.check()
    assert "the warm-up failed; fix the cause" in str(failed.value)
    assert f"the last error in its log group {group}: KeyError: 'TABLE'" in str(failed.value)


def test_a_failed_update_leaves_live_where_it_was(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    world.fail("UpdateAgentRuntime")
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


def test_it_is_not_done_while_default_serves_an_older_version(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    default = world.only_runtime().endpoints["DEFAULT"]
    default.live = "1"
    assert world.check().done is False
    default.live = "2"
    assert world.check().done
