"""One artifact for all environments of one content: built once, whoever dies, and removed with its last user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.artifact.publish import publish_artifact
from lifecycle.artifact.teardown import delete_artifact
from lifecycle.errors import ArtifactBuildError, LockLostError, WaitTimeoutError
from lifecycle.request.model import Request, parse_request
from lifecycle.request.stage_event import StageEvent
from tests.functions.lifecycle.killer import Killed

KINDS = pytest.mark.parametrize("kind", ["container", "code"])


class Environment:
    """One environment with an execution of its own, beside others."""

    def __init__(self, world: Any, name: str, kind: str = "container") -> None:
        self.world, self.name = world, name
        given = {"environment": name, "artifact": {"type": kind}}
        self.request: Request = world.begin(f"of-{name}", given)
        self.execution = world.execution

    def again(self) -> None:
        """Start another execution."""
        self.execution += "-again"
        self.world.records.acquire(self.name, self.execution, lambda _: False, {})

    def publish(self, deadline: int | None = None) -> Any:
        return self._run(publish_artifact, deadline)

    def delete(self) -> Any:
        return self._run(delete_artifact, None)

    def _run(self, stage: Callable[..., Any], deadline: int | None) -> Any:
        event = StageEvent(execution=self.execution, request=self.request, deadline=deadline)
        return stage(event, clients=self.world.clients)

    def finish(self) -> Any:
        """Publish until it is done, while builds succeed."""
        for _ in range(5):
            answer = self.publish()
            if answer.done:
                return answer.artifact
            self.world.finish_build()
        raise AssertionError(f"{self.name} is not done: {answer}")


def is_there(world: Any, artifact: Any) -> bool:
    """Whether what an environment deploys is in ECR or S3."""
    if artifact.digest is not None:
        pages = world.clients.ecr.get_paginator("list_images").paginate(repositoryName="agents")
        return artifact.digest in [i["imageDigest"] for page in pages for i in page["imageIds"]]
    versions = world.clients.s3.list_object_versions(Bucket="artifacts", Prefix=artifact.key)
    return artifact.version_id in [one["VersionId"] for one in versions.get("Versions", [])]


def calls_of(world: Any, act: Callable[[], Any]) -> int:
    world.killer.start()
    act()
    return len(world.killer.calls)


def amid(world: Any, number: int, act: Callable[[], None]) -> None:
    """Do something right after one of the calls from now on."""
    count, left = world.killer.count, [number]

    def counted(operation: str) -> None:
        count(operation)
        left[0] -= 1
        if left[0] == 0:
            act()

    world.killer.count = counted


@KINDS
def test_fifty_environments_of_one_source_are_one_build(world: Any, kind: str) -> None:
    all_of_them = [Environment(world, f"e{number}", kind) for number in range(50)]
    assert [each.publish().done for each in all_of_them] == [False] * 50
    world.finish_build()
    published = [each.publish() for each in all_of_them]
    assert {answer.done for answer in published} == {True}
    assert len(world.codebuild.builds) == 1
    assert sum(answer.artifact.built for answer in published) == 1
    pins = {(each.artifact.digest, each.artifact.version_id) for each in published}
    assert len(pins) == 1
    assert len(world.item("e7").used_by) == 50
    # The last one removes it, and only the last one.
    for each in all_of_them[:-1]:
        assert each.delete().removed == []
        assert is_there(world, published[0].artifact)
    assert len(all_of_them[-1].delete().removed) >= 2
    assert (world.images(), world.objects(), list(world.shared.all())) == ([], [], [])


def test_two_that_come_at_once_are_one_build(make_runtime_world: Any) -> None:
    world = make_runtime_world()
    whole = calls_of(world, Environment(world, "one").publish)
    assert whole > 4
    for number in range(1, whole + 1):
        world = make_runtime_world()
        one, two = Environment(world, "one"), Environment(world, "two")
        amid(world, number, lambda two=two: two.publish())  # type: ignore[misc]
        one.publish()
        assert len(world.codebuild.builds) == 1, f"after call {number}"
        assert one.finish().digest == two.finish().digest
        assert len(world.codebuild.builds) == 1, f"after call {number}"


def test_two_that_look_at_once_pin_one_result(make_runtime_world: Any) -> None:
    def built() -> tuple[Any, Environment, Environment]:
        world = make_runtime_world()
        both = Environment(world, "one", "code"), Environment(world, "two", "code")
        assert [each.publish().done for each in both] == [False, False]
        world.finish_build()
        return world, *both

    world, one, two = built()
    for number in range(1, calls_of(world, one.publish) + 1):
        world, one, two = built()
        amid(world, number, lambda two=two: two.publish())  # type: ignore[misc]
        first, second = one.finish(), two.finish()
        assert (first.digest, first.version_id) == (second.digest, second.version_id), number
        assert is_there(world, first)


def test_one_that_dies_holds_up_no_other(make_runtime_world: Any) -> None:
    world = make_runtime_world()
    whole = calls_of(world, Environment(world, "one").publish)
    for number in range(1, whole + 1):
        world = make_runtime_world()
        one, two = Environment(world, "one"), Environment(world, "two")
        world.killer.start(after=number)
        with pytest.raises(Killed):
            one.publish()
        artifact = two.finish()
        assert len(world.codebuild.builds) == 1, f"died after call {number}"
        one.again()
        assert one.publish().artifact.digest == artifact.digest


def test_a_build_whose_token_has_expired_is_found(world: Any) -> None:
    """CodeBuild forgets a token after five minutes; the id was lost with the answer."""
    one, two = Environment(world, "one"), Environment(world, "two")
    start = world.codebuild.start_build

    def lost(**order: Any) -> Any:
        start(**order)
        raise Killed("StartBuild")

    world.codebuild.start_build = lost
    with pytest.raises(Killed):
        one.publish()
    world.codebuild.start_build = start
    world.codebuild._tokens.clear()
    two.finish()
    assert len(world.codebuild.builds) == 1


def test_a_failed_build_fails_all_that_wait_and_is_built_again_once(world: Any) -> None:
    three = [Environment(world, name) for name in ("one", "two", "three")]
    for each in three:
        each.publish()
    world.finish_build("FAILED", "no wheel")
    for each in three:
        with pytest.raises(ArtifactBuildError, match="no wheel"):
            each.publish()
    assert len(world.codebuild.builds) == 1
    for each in three:
        each.again()
        assert each.publish().done is False
    assert len(world.codebuild.builds) == 2
    assert len({each.finish().digest for each in three}) == 1


def test_one_that_gives_up_stops_no_build_that_another_waits_for(world: Any) -> None:
    one, two = Environment(world, "one"), Environment(world, "two")
    one.publish()
    two.publish()
    with pytest.raises(WaitTimeoutError, match="goes on, because other environments"):
        one.publish(deadline=1)
    (build,) = world.codebuild.builds.values()
    assert build["buildStatus"] == "IN_PROGRESS"
    artifact = two.finish()
    # The result is not lost for the one that gave up.
    one.again()
    assert one.publish().artifact.digest == artifact.digest


def test_after_the_last_has_stopped_a_build_the_next_starts_another(world: Any) -> None:
    one, two = Environment(world, "one"), Environment(world, "two")
    one.publish()
    with pytest.raises(WaitTimeoutError, match="was stopped"):
        one.publish(deadline=1)
    # It may take CodeBuild a while to stop it.
    world.codebuild.builds["build:1"]["buildStatus"] = "IN_PROGRESS"
    two.publish()
    assert list(world.codebuild.builds) == ["build:1", "build:2"]


@KINDS
def test_what_somebody_deleted_is_built_again(world: Any, kind: str) -> None:
    one = Environment(world, "one", kind)
    first = one.finish()
    tags = [{"imageTag": tag} for tag in world.images()]
    if tags:
        world.clients.ecr.batch_delete_image(repositoryName="agents", imageIds=tags)
    else:
        world.clients.s3.delete_object(
            Bucket="artifacts", Key=first.key, VersionId=first.version_id
        )
    one.again()
    again = one.finish()
    assert again.built
    assert is_there(world, again)


@KINDS
def test_one_that_comes_while_the_last_user_goes_has_its_artifact(
    make_runtime_world: Any, kind: str
) -> None:
    def there() -> tuple[Any, Environment, Environment]:
        world = make_runtime_world()
        leaving, coming = Environment(world, "one", kind), Environment(world, "two", kind)
        leaving.finish()
        return world, leaving, coming

    world, leaving, _ = there()
    whole = calls_of(world, leaving.delete)
    assert whole > 8
    shared = 0
    for number in range(1, whole + 1):
        world, leaving, coming = there()
        amid(world, number, lambda coming=coming: coming.publish())  # type: ignore[misc]
        leaving.delete()
        assert is_there(world, coming.finish()), f"came after call {number}"
        shared += len(world.codebuild.builds) == 1
        assert world.item("two").used_by == {"two"}
        coming.delete()
        left = world.images(), world.objects(), list(world.shared.all())
        assert left == ([], [], []), f"came after call {number}"
    # Who comes in time takes the artifact over; who comes later builds another.
    assert 0 < shared < whole


def test_a_teardown_that_dies_harms_no_other_and_the_next_one_finishes(
    make_runtime_world: Any,
) -> None:
    def there() -> tuple[Any, Environment, Environment]:
        world = make_runtime_world()
        leaving, coming = Environment(world, "one"), Environment(world, "two")
        leaving.finish()
        return world, leaving, coming

    world, leaving, _ = there()
    for number in range(1, calls_of(world, leaving.delete) + 1):
        world, leaving, coming = there()
        world.killer.start(after=number)
        with pytest.raises(Killed):
            leaving.delete()
        artifact = coming.finish()
        leaving.again()
        leaving.delete()
        assert is_there(world, artifact), f"died after call {number}"
        coming.delete()
        left = world.images(), world.objects(), list(world.shared.all())
        assert left == ([], [], []), f"died after call {number}"


def test_an_environment_keeps_what_it_used_until_its_teardown(world: Any) -> None:
    one = Environment(world, "one")
    first = one.finish()
    (world.agent / "main.py").write_text("print('new')", encoding="utf-8")
    one.again()
    second = one.finish()
    assert first.digest != second.digest
    assert is_there(world, first)
    assert len(one.delete().removed) == 4
    assert (world.images(), world.objects()) == ([], [])


def test_what_others_use_is_kept_and_they_are_named(world: Any) -> None:
    one, two = Environment(world, "one"), Environment(world, "two")
    one.finish()
    two.finish()
    dry = parse_request({"action": "teardown", "environment": "one", "dryRun": True})
    event = StageEvent(execution=one.execution, request=dry)
    for answer in (delete_artifact(event, clients=world.clients), one.delete()):
        (kept,) = answer.kept
        assert kept.reason == "other environments use it, too: two"
        assert (answer.removed, answer.would_remove) == ([], [])


def test_a_stopped_execution_whose_environment_is_gone_says_so(world: Any) -> None:
    """It goes on after the teardown that took its lock over has succeeded."""
    one = Environment(world, "one")
    start = world.codebuild.start_build

    def torn_down_meanwhile(**order: Any) -> Any:
        started = start(**order)
        later = Environment(world, "one")
        later.again()
        later.delete()
        return started

    world.codebuild.start_build = torn_down_meanwhile
    with pytest.raises(LockLostError, match="tears its environment down"):
        one.publish()
    assert [build["buildStatus"] for build in world.codebuild.builds.values()] == ["STOPPED"]
    assert list(world.shared.all()) == []
