"""Orphans: resources with the stack's tags that no record knows."""

from typing import Any

import pytest

from lifecycle.fleet.files import read_list
from lifecycle.fleet.orphans import Orphan, find_orphans
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.fleet.environments import environment, items, named, select


def orphaned_runtime(world: Any, name: str, stack: str = "stack") -> str:
    answer = world.control.create_agent_runtime(
        agentRuntimeName=f"stack_{name}",
        agentRuntimeArtifact={"containerConfiguration": {"containerUri": "public.ecr.aws/a/b:c"}},
        roleArn="arn:aws:iam::123456789012:role/agent",
        tags={"agentcore-lifecycle:stack": stack, "agentcore-lifecycle:environment": name},
    )
    return str(answer["agentRuntimeArn"])


def test_orphans_are_reported_and_nothing_more(world: Any) -> None:
    lost = orphaned_runtime(world, "lost")
    orphaned_runtime(world, "theirs", stack="another")
    world.clients.secrets.create_secret(
        Name="stack/lost/password",
        SecretString="x",
        Tags=[
            {"Key": "agentcore-lifecycle:stack", "Value": "stack"},
            {"Key": "agentcore-lifecycle:environment", "Value": "lost"},
        ],
    )
    selection = select(world, action="sweep")
    assert selection.items is None
    secret, runtime = sorted(selection.orphans, key=lambda orphan: orphan.arn == lost)
    assert ":secret:stack/lost/password" in secret.arn
    assert (runtime.arn, runtime.environment, runtime.removable) == (lost, "lost", True)
    assert world.records.get("lost") is None


def test_orphans_are_torn_down_when_told_to(world: Any) -> None:
    orphaned_runtime(world, "lost")
    orphaned_runtime(world, "other")
    dry = select(world, action="sweep", removeOrphans=True, dryRun=True, pattern="lost")
    assert dry.would_start == ["lost"]
    assert world.records.get("lost") is None
    selection = select(world, action="sweep", removeOrphans=True, pattern="lost")
    (item,) = items(world, selection)
    assert item.input == {"action": "teardown", "environment": "lost"}
    assert world.records.get("lost").state == "FAILED"
    assert world.records.get("other") is None


def test_images_and_objects_of_an_environment_without_a_record_are_orphans(world: Any) -> None:
    source = "0123456789abcdef" * 2
    for name in ("dev-2", "kept"):
        world.push("agents", f"{name}-{source}")
        key = f"environments/{name}/source/{source}.zip"
        world.clients.s3.put_object(Bucket="artifacts", Key=key, Body=b"zip")
        # Old versions and delete markers are left, too.
        world.clients.s3.delete_object(Bucket="artifacts", Key=key)
    world.push("agents", "pushed-by-hand")
    world.clients.s3.put_object(Bucket="artifacts", Key="environments/loose.zip", Body=b"zip")
    world.clients.s3.put_object(Bucket="artifacts", Key="sources/a/b.zip", Body=b"zip")
    environment(world, "kept")
    found = select(world, action="sweep", removeOrphans=True)
    assert [(orphan.arn, orphan.environment, orphan.removable) for orphan in found.orphans] == [
        (
            f"123456789012.dkr.ecr.us-west-2.amazonaws.com/agents:dev-2-{source}",
            "dev-2",
            True,
        ),
        ("arn:aws:s3:::artifacts/environments/dev-2/", "dev-2", True),
    ]
    assert named(world, found) == ["dev-2"]


def test_an_orphan_that_was_taken_on_is_swept_again_until_it_is_gone(world: Any) -> None:
    orphaned_runtime(world, "lost")
    assert named(world, select(world, action="sweep", removeOrphans=True)) == ["lost"]
    # The function was killed and runs again, or the teardown failed and the next sweep comes.
    (item,) = items(world, select(world, action="sweep"))
    assert item.input == {"action": "teardown", "environment": "lost"}


def test_what_is_provisioned_while_the_sweep_looks_is_not_torn_down(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def provisioned_meanwhile(*arguments: Any, **places: Any) -> Any:
        orphaned_runtime(world, "fresh")
        environment(world, "fresh")
        return find_orphans(*arguments, **places)

    monkeypatch.setattr("lifecycle.fleet.select.find_orphans", provisioned_meanwhile)
    selection = select(world, action="sweep", removeOrphans=True)
    assert [orphan.environment for orphan in selection.orphans] == ["fresh"]
    assert selection.items is None


def test_an_artifact_whose_user_has_no_record_is_torn_down_when_told_to(world: Any) -> None:
    """A stopped execution's function goes on after the teardown."""
    world.begin("one")
    world.build()
    content = world.item().content_hash
    assert select(world, action="sweep").orphans == []
    world.records.delete("dev", "execution:one")
    (orphan,) = select(world, action="sweep").orphans
    assert (orphan.arn, orphan.environment) == (f"artifact {content}", "dev")
    selection = select(world, action="sweep", removeOrphans=True)
    (item,) = items(world, selection)
    world.begin("sweep", item.input)
    world.delete_artifact()
    assert (world.images(), world.objects(), list(world.shared.all())) == ([], [], [])


def test_what_a_record_knows_is_no_orphan(world: Any) -> None:
    world.provision("one")
    assert select(world, action="sweep").orphans == []
    arn = world.only_runtime().arn
    runtime = world.record().runtime.model_copy(update={"arn": "arn:else", "id": "else"})
    world.begin("two")
    world.records.update("dev", "execution:two", runtime=runtime)
    assert select(world, action="sweep").orphans == [], "somebody works on it"
    world.records.release("dev", "execution:two")
    (orphan,) = select(world, action="sweep", removeOrphans=True).orphans
    assert (orphan.arn, orphan.removable) == (arn, False)


def test_an_identity_that_a_record_knows_is_no_orphan(world: Any) -> None:
    secret = world.clients.secrets.create_secret(
        Name="stack/dev/password",
        SecretString="x",
        Tags=[
            {"Key": "agentcore-lifecycle:stack", "Value": "stack"},
            {"Key": "agentcore-lifecycle:environment", "Value": "dev"},
        ],
    )
    environment(
        world, "dev", identity=IdentityRecord(type="iam", secret_arns={"password": secret["ARN"]})
    )
    assert select(world, action="sweep").orphans == []


def test_many_orphans_are_counted_and_listed_in_s3(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [Orphan(arn=f"arn:{n:03}", environment=f"e{n:03}", removable=False) for n in range(51)]
    monkeypatch.setattr("lifecycle.fleet.select.find_orphans", lambda *_, **__: lost)
    selection = select(world, action="sweep")
    assert (selection.orphan_count, selection.orphans) == (51, lost[:50])
    assert selection.orphan_list is not None
    listed = read_list(world.clients.s3, selection.orphan_list)
    assert [Orphan.model_validate(item) for item in listed] == lost
    monkeypatch.setattr("lifecycle.fleet.select.find_orphans", lambda *_, **__: lost[:50])
    assert select(world, action="sweep").orphan_list is None
