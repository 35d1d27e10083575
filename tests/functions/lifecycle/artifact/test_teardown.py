"""Delete the artifact: builds, images and objects of the environment, and nothing else."""

from typing import Any

import pytest

from lifecycle.errors import ServiceUnavailableError, TeardownIncompleteError
from lifecycle.runtime.teardown import delete_runtime


def teardown(world: Any, **more: Any) -> None:
    world.begin("teardown", {"action": "teardown"} | more)


def test_another_environments_images_and_objects_stay(world: Any) -> None:
    world.provision("one", {"environment": "dev-2"})
    (theirs,), there = world.images(), world.objects()
    (world.agent / "main.py").write_text("print('another')", encoding="utf-8")
    world.provision("two")
    world.push("agents", "dev-by-hand")
    teardown(world)
    world.loop(delete_runtime)
    answer = world.delete_artifact()
    assert len(answer.removed) == 2
    assert world.images() == sorted([theirs, "dev-by-hand"])
    assert world.objects() == there


def test_what_a_stack_of_before_has_kept_goes_too(world: Any) -> None:
    digest = "0123456789abcdef" * 2
    world.push("agents", f"dev-{digest}")
    world.push("agents", f"dev-2-{digest}")
    for key in ("environments/dev/package/1.zip", "environments/dev-2/source/2.zip"):
        world.clients.s3.put_object(Bucket="artifacts", Key=key, Body=b"1")
    world.provision("one")
    teardown(world)
    world.loop(delete_runtime)
    answer = world.delete_artifact()
    assert f"agents:dev-{digest}" in answer.removed
    assert "s3://artifacts/environments/dev/package/1.zip" in answer.removed
    assert world.images() == [f"dev-2-{digest}"]
    assert world.objects() == ["environments/dev-2/source/2.zip"]


def test_every_version_and_delete_marker_goes(world: Any) -> None:
    world.provision("one", {"artifact": {"type": "code"}})
    key = world.record().artifact.key
    for body in (b"1", b"2"):
        world.clients.s3.put_object(Bucket="artifacts", Key=key, Body=body)
    world.clients.s3.delete_object(Bucket="artifacts", Key=key)
    assert len(world.objects()) == 6
    teardown(world)
    world.loop(delete_runtime)
    world.delete_artifact()
    assert world.objects() == []
    assert world.record().artifact is None


def test_what_was_given_is_kept(world: Any) -> None:
    world.upload("sources/a.zip", {"Dockerfile": "FROM scratch"})
    request = {"artifact": {"source": {"bucket": "artifacts", "key": "sources/a.zip"}}}
    world.provision("one", request)
    teardown(world, **request)
    world.loop(delete_runtime)
    (kept,) = world.delete_artifact().kept
    assert kept.resource == "source s3://artifacts/sources/a.zip"
    assert world.objects("sources/") == ["sources/a.zip"]


def test_a_given_image_is_kept(world: Any) -> None:
    uri = f"public.ecr.aws/them/agent@sha256:{'a' * 64}"
    request = {"artifact": {"containerUri": uri}}
    world.provision("one", request)
    teardown(world)
    world.loop(delete_runtime)
    (kept,) = world.delete_artifact().kept
    assert kept.resource == f"image {uri}"


def test_a_running_build_is_stopped_first(world: Any) -> None:
    world.begin("other", {"environment": "dev-2"})
    world.publish()
    (world.agent / "main.py").write_text("print('another')", encoding="utf-8")
    world.begin("one")
    world.publish()
    teardown(world)
    answer = world.delete_artifact()
    assert answer.removed[0] == "build build:2"
    statuses = [build["buildStatus"] for build in world.codebuild.builds.values()]
    assert statuses == ["IN_PROGRESS", "STOPPED"]


def test_the_image_of_a_build_that_ended_before_it_was_stopped_goes_too(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.begin("one")
    world.publish()
    teardown(world)
    stop = world.codebuild.stop_build

    def too_late(**call: Any) -> Any:
        world.finish_build()
        return stop(**call)

    monkeypatch.setattr(world.codebuild, "stop_build", too_late)
    answer = world.delete_artifact()
    assert answer.done
    assert world.images() == []
    assert [label for label in answer.removed if "agents:" in label]


def test_a_build_that_does_not_stop_at_once_is_waited_for(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.begin("one")
    world.publish()
    teardown(world)
    with monkeypatch.context() as slow:
        slow.setattr(world.codebuild, "stop_build", lambda **_: {})
        with pytest.raises(ServiceUnavailableError, match="build:1"):
            world.delete_artifact()
    assert world.objects() != []
    assert world.delete_artifact().done


def test_a_refused_deletion_of_an_image_is_a_failure(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.begin("one")
    world.build()
    teardown(world)
    failure = {
        "imageId": {"imageTag": world.images()[0]},
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": "a list names it",
    }
    monkeypatch.setattr(
        world.clients.ecr, "batch_delete_image", lambda **_: {"failures": [failure]}
    )
    with pytest.raises(TeardownIncompleteError, match="a list names it"):
        world.delete_artifact()
    assert world.record().artifact is not None


def test_a_refused_deletion_of_an_object_is_a_failure(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.begin("one")
    world.build()
    teardown(world)
    error = {"Key": world.objects()[0], "Code": "AccessDenied", "Message": "locked"}
    monkeypatch.setattr(world.clients.s3, "delete_objects", lambda **_: {"Errors": [error]})
    with pytest.raises(TeardownIncompleteError, match="AccessDenied: locked"):
        world.delete_artifact()


def test_what_is_left_in_silence_is_found(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin("one")
    world.build()
    teardown(world)
    monkeypatch.setattr(world.clients.s3, "delete_objects", lambda **_: {})
    with pytest.raises(TeardownIncompleteError, match="left of environment 'dev'"):
        world.delete_artifact()


@pytest.mark.parametrize("code", ["OperationAborted", "SlowDown", "InternalError"])
def test_an_object_that_is_busy_is_deleted_later(
    world: Any, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    world.provision("one")
    teardown(world)
    world.loop(delete_runtime)
    error = {"Key": "environments/dev/x", "Code": code, "Message": "try again"}
    with monkeypatch.context() as patch:
        patch.setattr(world.clients.s3, "delete_objects", lambda **_: {"Errors": [error]})
        with pytest.raises(ServiceUnavailableError, match=f"DeleteObjects: {code}"):
            world.delete_artifact()
    world.delete_artifact()
    assert world.objects() == []
