"""A stage that is killed after any one of its AWS calls and run again leaves exactly what an undisturbed run leaves.

The tests kill a stage after each call that writes. A call that only reads changes nothing, so a kill after it is the
same as a kill after the call before it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.artifact.publish import publish_artifact
from lifecycle.artifact.teardown import delete_artifact
from lifecycle.runtime.deploy import deploy_runtime
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.runtime.teardown import delete_runtime
from local.edge.faults import Fault
from tests.functions.lifecycle.killer import Killed

_MOST_CALLS = 60
_READING = ("Get", "List", "Describe", "BatchGet", "Head", "Scan")
# Timestamps, which differ from run to run.
_STAMPS = {"createdAt", "updatedAt", "acquiredAt"}


def snapshot(world: Any) -> str:
    """Everything that exists, without random ids and times."""
    record = world.record().model_dump(mode="json", by_alias=True)
    text = json.dumps(
        {
            "record": {key: value for key, value in record.items() if key not in _STAMPS},
            "promotions": [
                world.promotions.read("dev", one).model_dump() for one in world.record().promotions
            ],
            "runtimes": [
                [
                    runtime.name,
                    sorted(runtime.versions),
                    {name: endpoint.live for name, endpoint in runtime.endpoints.items()},
                    runtime.tags,
                ]
                for runtime in world.store.runtimes.values()
            ],
            "artifacts": sorted(
                (
                    item.model_dump(exclude={"created_at", "updated_at"})
                    for item in world.shared.all()
                ),
                key=lambda item: str(item["content_hash"]),
            ),
            "images": world.images(),
            "objects": sorted(set(world.objects())),
            "builds": [
                [build["id"], build["buildStatus"]] for build in world.codebuild.builds.values()
            ],
        },
        sort_keys=True,
        default=str,
    )
    text = re.sub(r"stack_dev-[A-Za-z0-9]{10}", "runtime-id", text)
    # The digest of a promotion is also one of the runtime's id.
    text = re.sub(r'("digest": ")[0-9a-f]{64}', r"\1digest", text)
    text = re.sub(r'("promotedAt": ")[^"]+', r"\1then", text)
    # One that was ended in the middle has tried once more.
    text = re.sub(r'("tries": )\d+', r"\1some", text)
    for item in world.clients.s3.list_object_versions(Bucket="artifacts").get("Versions", []):
        text = text.replace(item["VersionId"], "version-id")
    return text.replace(record["lock"]["acquiredAt"], "then")


def nothing(world: Any) -> None:
    world.begin("one")


def code(world: Any) -> None:
    world.begin("one", {"artifact": {"type": "code"}})


def built(world: Any) -> None:
    nothing(world)
    world.publish()
    world.finish_build()


def code_built(world: Any) -> None:
    code(world)
    world.publish()
    world.finish_build()


def ready_made(world: Any) -> None:
    world.upload("mine.zip", {"main.py": "1"})
    where = {"bucket": "artifacts", "key": "mine.zip"}
    world.begin("one", {"artifact": {"type": "code", "package": where}})


def failing(world: Any) -> None:
    """A build that failed, and a new execution."""
    nothing(world)
    world.publish()
    world.finish_build("FAILED")
    world.begin("two")


def deleted_by_hand(world: Any) -> None:
    """What was built is no longer there."""
    published(world)
    tags = [{"imageTag": tag} for tag in world.images()]
    world.clients.ecr.batch_delete_image(repositoryName="agents", imageIds=tags)
    world.begin("two")


def used_by_two(world: Any) -> None:
    """One artifact that another environment uses, too, and one that is this environment's alone."""
    world.begin("other", {"environment": "dev-2"})
    world.build()
    published(world)
    code(world)
    world.build()


def published(world: Any) -> None:
    nothing(world)
    if not world.publish().done:
        world.build()


def deployed(world: Any) -> None:
    published(world)
    world.deploy()


def changed(world: Any) -> None:
    world.provision("one")
    world.control.update_agent_runtime_endpoint(
        agentRuntimeId=world.only_runtime().id, endpointName="live", agentRuntimeVersion="1"
    )
    world.pass_(5)
    world.begin("two", {"runtime": {"description": "new"}, "tags": {"team": "a"}})
    world.publish()


def broken(world: Any) -> None:
    """`live` deleted and the authorizer removed by hand."""
    world.provision("one")
    runtime_id = world.only_runtime().id
    world.control.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="live")
    world.pass_(5)
    detail = world.detail()
    world.control.update_agent_runtime(
        agentRuntimeId=runtime_id,
        agentRuntimeArtifact=detail["agentRuntimeArtifact"],
        roleArn=detail["roleArn"],
    )
    world.pass_(5)
    world.begin("two")
    world.publish()


def half_made(world: Any) -> None:
    """A create whose answer was lost: only the tags know the runtime."""
    deployed(world)
    world.records.update("dev", world.execution, runtime=None)
    world.pass_(10)


def create_failed(world: Any) -> None:
    published(world)
    world.faults.add(Fault("bedrock-agentcore-control", "CreateAgentRuntime", "failureState"))
    world.deploy()
    world.pass_(10)
    world.begin("two")
    world.publish()


def proved(world: Any) -> None:
    deployed(world)
    world.loop(check_runtime)
    world.prove()


def proved_again(world: Any) -> None:
    changed(world)
    world.deploy()
    world.loop(check_runtime)
    world.prove()


def promoted_twice(world: Any) -> None:
    world.provision("one")
    world.provision("two", {"runtime": {"description": "new"}})


def to_go_back(world: Any) -> None:
    promoted_twice(world)
    world.begin_rollback("back")


def to_move_a_candidate(world: Any) -> None:
    """A rollback that failed left its candidate on another version."""
    promoted_twice(world)
    world.provision("three", {"runtime": {"description": "newer"}})
    world.begin_rollback("failed", "1")
    world.loop(restore_version)
    world.begin_rollback("back", "2")


def candidate_failed(world: Any) -> None:
    """The candidate of an earlier rollback could not be made."""
    promoted_twice(world)
    world.begin_rollback("failed")
    world.fail("CreateAgentRuntimeEndpoint")
    world.restore()
    world.pass_(10)
    world.begin_rollback("back")


def gone(world: Any) -> None:
    """The version is gone, and a rollback that failed left its candidate on another one."""
    to_move_a_candidate(world)
    world.delete_version("2")


def proved_again_on_the_candidate(world: Any) -> None:
    to_go_back(world)
    world.loop(restore_version)
    world.prove()


def made_anew(world: Any) -> None:
    """The version that a rollback goes back to was gone: it is on DEFAULT, and proved there."""
    gone(world)
    world.loop(restore_version)
    world.publish()
    world.deploy()
    world.loop(check_runtime)
    world.prove()


def live(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"action": "teardown"})


def removed(world: Any) -> None:
    live(world)
    world.loop(delete_runtime)


def repaired(world: Any) -> Any:
    """Deploy, and the loop that deploys again when it says so."""
    world.deploy()
    return world.loop(check_runtime)


CASES: list[tuple[Callable[[Any], None], Callable[..., Any] | str]] = [
    (nothing, publish_artifact),
    (code, publish_artifact),
    (built, publish_artifact),
    (code_built, publish_artifact),
    (ready_made, publish_artifact),
    (failing, publish_artifact),
    (deleted_by_hand, publish_artifact),
    (published, deploy_runtime),
    (changed, deploy_runtime),
    (broken, deploy_runtime),
    (half_made, deploy_runtime),
    (create_failed, "deploy and check"),
    (proved, promote_version),
    (proved_again, promote_version),
    (to_go_back, restore_version),
    (to_move_a_candidate, restore_version),
    (candidate_failed, restore_version),
    (gone, restore_version),
    (proved_again_on_the_candidate, promote_version),
    (made_anew, promote_version),
    (live, delete_runtime),
    (half_made, delete_runtime),
    (removed, delete_artifact),
    (used_by_two, delete_artifact),
]


def run(world: Any, stage: Callable[..., Any] | str) -> Any:
    """The stage, once for those that only start something, else until it is done."""
    if isinstance(stage, str):
        return repaired(world)
    if stage in (promote_version, delete_runtime, restore_version):
        return world.loop(stage)
    return world.run(stage)


@pytest.mark.parametrize(
    ("before", "stage"),
    CASES,
    ids=[
        f"{before.__name__}-{stage if isinstance(stage, str) else stage.__name__}"
        for before, stage in CASES
    ],
)
def test_ended_after_any_call_it_ends_the_same(
    make_runtime_world: Any, monkeypatch: pytest.MonkeyPatch, before: Any, stage: Any
) -> None:
    # Names and digests depend on it; two runs could not be compared.
    monkeypatch.setattr("lifecycle.artifact.shared.table.new_generation", lambda: "0" * 12)
    whole = make_runtime_world()
    before(whole)
    whole.killer.start()
    answer = run(whole, stage)
    calls, wanted, told = list(whole.killer.calls), snapshot(whole), outcome(answer)
    assert 0 < len(calls) <= _MOST_CALLS
    writing = [
        (number, call)
        for number, call in enumerate(calls, start=1)
        if not call.startswith(_READING)
    ]
    assert writing
    for number, call in writing:
        world = make_runtime_world()
        before(world)
        world.killer.start(after=number)
        with pytest.raises(Killed):
            run(world, stage)
        again = run(world, stage)
        assert snapshot(world) == wanted, f"ended after call {number}, {call}"
        assert outcome(again) == told, f"after call {number}, {call}"


def outcome(answer: Any) -> str:
    text = re.sub(
        r"stack_dev-[A-Za-z0-9]{10}",
        "runtime-id",
        answer.model_dump_json(exclude={"look", "learned"}),
    )
    return re.sub(r'(?<="version_id":")[^"]+', "version-id", text)
