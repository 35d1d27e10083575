"""Delete the runtime: everything of the environment, in order, and nothing else."""

from typing import Any

import pytest

from lifecycle.errors import TeardownIncompleteError
from lifecycle.runtime.teardown import delete_runtime
from local.edge.faults import Fault

CONTROL = "bedrock-agentcore-control"


def teardown(world: Any, **more: Any) -> None:
    world.begin("teardown", {"action": "teardown"} | more)


def groups(world: Any) -> list[str]:
    return [
        group["logGroupName"] for group in world.clients.logs.describe_log_groups()["logGroups"]
    ]


def dry_run(world: Any) -> Any:
    """The request of a dry run that took nothing over from a provision."""
    return world.request.model_copy(update={"dry_run": True})


def test_a_dry_run_tells_and_touches_nothing(world: Any) -> None:
    world.provision("one")
    runtime = world.only_runtime()
    group = f"/aws/bedrock-agentcore/runtimes/{runtime.id}-"
    teardown(world)
    world.killer.start()
    first = world.delete_runtime(request=dry_run(world))
    second = world.delete_artifact(request=dry_run(world))
    assert (first.done, first.removed) == (True, [])
    assert first.would_remove == [
        f"endpoint DEFAULT of {runtime.id}",
        f"endpoint live of {runtime.id}",
        f"runtime {runtime.id}",
        f"log group {group}DEFAULT",
        f"log group {group}live",
    ]
    item = world.item()
    assert (second.done, second.removed) == (True, [])
    assert second.would_remove == [
        f"agents:{item.content_hash}-{item.generation}-1",
        f"s3://artifacts/build-sources/{item.content_hash}/{item.generation}.zip",
    ]
    changing = [
        call
        for call in world.killer.calls
        if not call.startswith(("Get", "List", "Describe", "BatchGet", "Scan"))
    ]
    assert changing == []


def test_endpoints_made_by_hand_go_first(world: Any) -> None:
    world.provision("one")
    runtime_id = world.only_runtime().id
    world.control.create_agent_runtime_endpoint(agentRuntimeId=runtime_id, name="canary")
    world.pass_(10)
    teardown(world)
    answer = world.delete_runtime()
    assert (answer.done, answer.removed) == (False, [])
    assert world.only_runtime().deletion is None
    world.pass_(10)
    gone = world.loop(delete_runtime)
    assert gone.removed[:3] == [
        f"endpoint live of {runtime_id}",
        f"endpoint canary of {runtime_id}",
        f"runtime {runtime_id}",
    ]
    assert world.record().runtime is None


def test_a_runtime_that_only_its_tags_give_away_is_removed(world: Any) -> None:
    world.begin("one")
    world.build()
    runtime_id = world.deploy().runtime.id
    world.records.update("dev", world.execution, runtime=None)
    teardown(world)
    # It is still being made: AgentCore refuses at first.
    assert world.delete_runtime().done is False
    assert world.record().runtime.id == runtime_id
    assert world.loop(delete_runtime).removed == [f"runtime {runtime_id}"]
    assert world.store.runtimes == {}


def test_log_groups_of_a_runtime_that_was_deleted_by_hand_go_too(world: Any) -> None:
    world.provision("one")
    first = world.only_runtime().id
    world.control.delete_agent_runtime_endpoint(agentRuntimeId=first, endpointName="live")
    world.pass_(10)
    world.control.delete_agent_runtime(agentRuntimeId=first)
    world.pass_(10)
    world.provision("two")
    second = world.only_runtime().id
    theirs = "/aws/bedrock-agentcore/runtimes/stack_dev2-abcdefghij-DEFAULT"
    made = [f"{one}-{endpoint}" for one in (first, second) for endpoint in ("DEFAULT", "live")]
    assert groups(world) == sorted(f"/aws/bedrock-agentcore/runtimes/{name}" for name in made)
    world.clients.logs.create_log_group(logGroupName=theirs)
    teardown(world)
    world.loop(delete_runtime)
    assert groups(world) == [theirs]


def test_a_runtime_that_is_not_ours_is_kept_and_said(world: Any) -> None:
    theirs = world.control.create_agent_runtime(
        agentRuntimeName="stack_dev",
        agentRuntimeArtifact={
            "containerConfiguration": {"containerUri": "public.ecr.aws/them/agent:v1"}
        },
        roleArn="arn:aws:iam::123456789012:role/theirs",
    )
    world.pass_(10)
    teardown(world)
    answer = world.delete_runtime()
    assert answer.done
    assert answer.removed == []
    (kept,) = answer.kept
    assert kept.resource == f"runtime {theirs['agentRuntimeArn']}"
    assert world.only_runtime().status == "READY"


def test_a_runtime_whose_tags_were_removed_is_known_by_the_record(world: Any) -> None:
    world.provision("one")
    world.control.untag_resource(
        resourceArn=world.only_runtime().arn,
        tagKeys=["agentcore-lifecycle:stack", "agentcore-lifecycle:environment"],
    )
    teardown(world)
    assert world.loop(delete_runtime).kept == []
    assert world.store.runtimes == {}


def test_nothing_there_is_done_at_once(world: Any) -> None:
    teardown(world)
    answer = world.delete_runtime()
    assert (answer.done, answer.removed, answer.kept) == (True, [], [])
    assert answer.looked_for == ["runtime named stack_dev with the tags of environment dev"]
    artifact = world.delete_artifact()
    assert (artifact.done, artifact.removed, artifact.kept) == (True, [], [])
    assert len(artifact.looked_for) == 3


@pytest.mark.parametrize("operation", ["DeleteAgentRuntime", "DeleteAgentRuntimeEndpoint"])
def test_a_failed_deletion_is_told_with_its_reason_and_can_be_started_again(
    world: Any, operation: str
) -> None:
    world.provision("one")
    teardown(world)
    world.faults.add(Fault(CONTROL, operation, "failureState", reason="still in use"))
    with pytest.raises(TeardownIncompleteError, match="DELETE_FAILED: still in use"):
        world.loop(delete_runtime)
    assert world.record().runtime.id == world.only_runtime().id
    world.begin("again", {"action": "teardown"})
    world.loop(delete_runtime)
    assert world.store.runtimes == {}


def test_at_the_deadline_it_tells_what_is_left(world: Any) -> None:
    world.provision("one")
    runtime_id = world.only_runtime().id
    teardown(world)
    left = f"this is left: endpoint live of {runtime_id}, runtime {runtime_id}"
    with pytest.raises(TeardownIncompleteError, match=left):
        world.delete_runtime(deadline=1)


def test_the_interfaces_of_a_vpc_are_spoken_of(world: Any) -> None:
    network = {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]}
    request = {"runtime": {"network": network}}
    world.provision("one", request)
    teardown(world, **request)
    (kept,) = world.loop(delete_runtime).kept
    assert "subnet-12345678" in kept.resource


NETWORK = {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("known_by", ["request", "proven_request"])
def test_the_interfaces_of_a_vpc_are_spoken_of_whatever_the_teardown_says(
    world: Any, dry_run: bool, known_by: str
) -> None:
    vpc = world.begin("one", {"runtime": {"network": NETWORK}}).to_json()
    world.provision("one", {"runtime": {"network": NETWORK}})
    teardown(world, dryRun=dry_run)
    assert world.request.runtime.network is None
    world.records.update("dev", world.execution, **{known_by: vpc})
    (kept,) = world.loop(delete_runtime).kept
    assert "subnet-12345678" in kept.resource


@pytest.mark.parametrize("dry_run", [True, False])
def test_without_a_vpc_no_interfaces_are_spoken_of(world: Any, dry_run: bool) -> None:
    world.provision("one")
    teardown(world, dryRun=dry_run)
    assert world.loop(delete_runtime).kept == []
