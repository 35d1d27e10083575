"""The default path: built, deployed, checked, proved, promoted, and removed without a trace."""

from typing import Any
from urllib.parse import quote

import pytest

from lifecycle.runtime.teardown import delete_runtime
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def world(runtime_world: World) -> World:
    """An account with the stack in it."""
    return runtime_world


def test_a_new_environment_goes_live_and_away(world: Any) -> None:
    deployed = world.provision("one")
    assert deployed.change == "created"
    assert deployed.repaired == []
    detail = world.detail()
    assert detail["status"] == "READY"
    image = detail["agentRuntimeArtifact"]["containerConfiguration"]["containerUri"]
    assert "/agents@sha256:" in image
    # AgentCore is not known to set a Region, and an agent's SDK would ask a default one.
    region = world.control.meta.region_name
    assert detail["environmentVariables"] == {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "MODEL_ID": "model-1",
    }
    assert detail["authorizerConfiguration"]["customJWTAuthorizer"]["allowedClients"] == ["client1"]
    runtime = world.record().runtime
    assert (runtime.version, runtime.live_version) == ("1", "1")
    assert runtime.live_endpoint_arn is not None
    assert world.only_runtime().endpoints["live"].live == "1"
    assert deployed.runtime.invocation_url == (
        "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/"
        f"{quote(detail['agentRuntimeArn'], safe='')}/invocations?qualifier=DEFAULT"
    )

    world.clients.logs.create_log_group(
        logGroupName="/aws/bedrock-agentcore/runtimes/other-1-DEFAULT"
    )
    world.begin("two", {"action": "teardown"})
    gone = world.loop(delete_runtime)
    assert gone.removed == [
        f"endpoint live of {runtime.id}",
        f"runtime {runtime.id}",
        f"log group /aws/bedrock-agentcore/runtimes/{runtime.id}-DEFAULT",
        f"log group /aws/bedrock-agentcore/runtimes/{runtime.id}-live",
    ]
    assert world.store.runtimes == {}
    groups = world.clients.logs.describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == [
        "/aws/bedrock-agentcore/runtimes/other-1-DEFAULT"
    ]
    answer = world.delete_artifact()
    assert answer.done
    assert len(answer.removed) == 2
    assert world.images() == []
    assert world.objects() == []
    record = world.record()
    assert record.runtime is None
    assert record.artifact is None


def test_a_second_provision_changes_nothing(world: Any) -> None:
    world.provision("one")
    builds = len(world.codebuild.builds)
    world.begin("two")
    published = world.publish()
    assert (published.done, published.artifact.built) == (True, False)
    world.killer.start()
    deployed = world.deploy()
    assert (deployed.change, deployed.repaired) == ("unchanged", [])
    assert world.check().done
    world.prove()
    promotion = world.promote()
    assert promotion.done
    assert promotion.promotion.previous_version == "1"
    assert len(world.codebuild.builds) == builds
    changing = [
        call
        for call in world.killer.calls
        if not call.startswith(("Get", "List", "Describe", "UpdateItem"))
    ]
    assert changing == []
