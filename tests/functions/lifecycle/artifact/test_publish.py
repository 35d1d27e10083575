"""Publish the artifact: built once a source, pinned, adopted from a killed execution, built again after a failure."""

import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.artifact.publish import publish_artifact
from lifecycle.artifact.zips import limits
from lifecycle.errors import ArtifactBuildError, WaitTimeoutError
from lifecycle.polling.schedule import Look

HOST = "123456789012.dkr.ecr.us-west-2.amazonaws.com"


def test_a_container_is_built_from_the_packed_source_and_pinned_by_digest(world: Any) -> None:
    world.begin("one")
    first = world.publish()
    assert (first.done, first.artifact.built) == (False, True)
    (build,) = world.codebuild.builds.values()
    variables = build["variables"]
    item = world.item()
    tag = f"{first.artifact.source_hash}-{item.generation}"
    assert variables == {
        "ARTIFACT_TYPE": "container",
        "REPOSITORY_URI": f"{HOST}/agents",
        "IMAGE_TAG": tag,
        "ARTIFACT_BUCKET": "artifacts",
    }
    bucket, _, key = build["source"]["location"].partition("/")
    body = world.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    target = world.agent / "built.zip"
    target.write_bytes(body)
    assert zipfile.ZipFile(target).namelist() == ["Dockerfile", "main.py", "requirements.txt"]
    assert world.publish().done is False
    world.finish_build()
    last = world.publish()
    assert last.done
    assert last.artifact.container_uri == f"{HOST}/agents@{last.artifact.digest}"
    record = world.record().artifact
    assert record.published
    assert (world.images(), record.build_id) == ([f"{tag}-1"], build["id"])
    assert len(world.codebuild.builds) == 1


def test_the_duration_of_a_build_is_codebuilds_own(world: Any) -> None:
    world.begin("one")
    since = world.publish().look.since - 100
    world.finish_build()
    (build,) = world.codebuild.builds.values()
    build["endTime"] = datetime.fromtimestamp(since + 31.5, UTC)
    # The look was late: the loop slept through 68 seconds in which the build was done.
    look = Look(kind="build", since=since, at=since + 10, wait_seconds=90)
    event = world.event().model_copy(update={"look": look})
    published = publish_artifact(event, clients=world.clients)
    assert (published.done, published.learned) == (True, {"build": [[31, 32]]})


def test_code_is_pinned_by_version(world: Any) -> None:
    world.begin("one", {"artifact": {"type": "code"}})
    published = world.build()
    (build,) = world.codebuild.builds.values()
    artifact = published.artifact
    assert build["variables"]["ARTIFACT_TYPE"] == "code"
    place = f"{artifact.source_hash}/{world.item().generation}"
    assert build["variables"]["ARTIFACT_PREFIX"] == f"builds/{place}/"
    assert artifact.key == f"packages/{place}.zip"
    head = world.clients.s3.head_object(Bucket="artifacts", Key=artifact.key)
    assert (artifact.bucket, artifact.version_id) == ("artifacts", head["VersionId"])
    assert "IMAGE_TAG" not in build["variables"]
    names = ("RUNTIME", "ENTRY_FILE", "PYTHON_VERSION")
    assert [build["variables"][name] for name in names] == ["PYTHON_3_13", "main.py", "3.13"]


def test_runtime_and_entry_point_are_built_and_deployed(world: Any) -> None:
    (world.agent / "serve.py").write_text("1", encoding="utf-8")
    code = {"type": "code", "runtime": "PYTHON_3_12"}
    hashes = set()
    for name, given in (("one", code), ("two", {**code, "entryPoint": ["tool", "serve.py"]})):
        world.provision(name, {"artifact": given})
        hashes.add(world.record().artifact.source_hash)
        deployed = world.detail()["agentRuntimeArtifact"]["codeConfiguration"]
        entry_point = given.get("entryPoint", ["main.py"])
        assert (deployed["runtime"], deployed["entryPoint"]) == ("PYTHON_3_12", entry_point)
    assert len(hashes) == 2
    variables = [build["variables"] for build in world.codebuild.builds.values()]
    assert [(v["RUNTIME"], v["PYTHON_VERSION"], v["ENTRY_FILE"]) for v in variables] == [
        ("PYTHON_3_12", "3.12", "main.py"),
        ("PYTHON_3_12", "3.12", "serve.py"),
    ]


def test_a_node_agent_is_built_with_its_own_main(world: Any) -> None:
    (world.agent / "package.json").write_text('{"main": "./dist/server"}', encoding="utf-8")
    (world.agent / "dist").mkdir()
    (world.agent / "dist" / "server.js").write_text("1", encoding="utf-8")
    world.begin("one", {"artifact": {"type": "code", "runtime": "NODE_22"}})
    world.build()
    (build,) = world.codebuild.builds.values()
    variables = build["variables"]
    assert (variables["RUNTIME"], variables["ENTRY_FILE"]) == ("NODE_22", "dist/server.js")
    assert "PYTHON_VERSION" not in variables
    world.deploy()
    deployed = world.detail()["agentRuntimeArtifact"]["codeConfiguration"]
    assert (deployed["runtime"], deployed["entryPoint"]) == ("NODE_22", ["dist/server.js"])


def test_container_and_code_of_one_source_are_two_artifacts(world: Any) -> None:
    world.begin("one")
    container = world.build().artifact.source_hash
    world.begin("two", {"artifact": {"type": "code"}})
    assert world.build().artifact.source_hash != container


def test_a_known_source_builds_nothing(world: Any) -> None:
    world.begin("one")
    first = world.build()
    world.begin("two")
    second = world.publish()
    assert (second.done, second.artifact.built) == (True, False)
    assert second.artifact.digest == first.artifact.digest
    assert len(world.codebuild.builds) == 1


def test_the_same_source_uploaded_again_builds_nothing(world: Any) -> None:
    request = {"artifact": {"source": {"bucket": "artifacts", "key": "sources/a.zip"}}}
    files = {"Dockerfile": "FROM scratch", "main.py": "1"}
    first_version = world.upload("sources/a.zip", files)
    world.begin("one", request)
    world.build()
    assert world.record().artifact.source == {
        "bucket": "artifacts",
        "key": "sources/a.zip",
        "versionId": first_version,
    }
    world.upload("sources/a.zip", dict(reversed(files.items())))
    world.begin("two", request)
    assert world.publish().done
    world.upload("sources/a.zip", files | {"main.py": "2"})
    world.begin("three", request)
    assert world.publish().done is False
    assert len(world.codebuild.builds) == 2
    # The old version can still be asked for.
    pinned = {"bucket": "artifacts", "key": "sources/a.zip", "versionId": first_version}
    world.begin("four", {"artifact": {"source": pinned}})
    assert world.publish().done


@pytest.mark.parametrize("status", ["FAILED", "FAULT", "TIMED_OUT", "STOPPED"])
def test_a_failed_build_tells_phase_reason_and_log_and_is_built_again(
    world: Any, status: str
) -> None:
    world.begin("one")
    world.publish()
    world.finish_build(status, "the source has\nno Dockerfile")
    with pytest.raises(ArtifactBuildError) as caught:
        world.publish()
    text = str(caught.value)
    assert f"phase BUILD {status}: the source has no Dockerfile" in text
    assert "/aws/codebuild/build stream-1" in text
    # A redrive of the same execution, and another execution: each makes a new build.
    assert world.publish().done is False
    world.finish_build("FAILED", "again")
    with pytest.raises(ArtifactBuildError):
        world.publish()
    world.begin("two")
    assert world.build().artifact.built
    assert len(world.codebuild.builds) == 3


@pytest.mark.parametrize(
    ("kind", "looked"), [("container", "DescribeImages"), ("code", "HeadObject")]
)
def test_a_build_that_left_nothing_is_a_failure_that_says_what_did_not_find_it(
    world: Any, kind: str, looked: str
) -> None:
    world.begin("one", {"artifact": {"type": kind}})
    world.publish()
    for build in world.codebuild.builds.values():
        build["buildStatus"] = "SUCCEEDED"
    with pytest.raises(ArtifactBuildError, match=f"{looked} does not find"):
        world.publish()


def test_at_the_deadline_the_build_is_stopped(world: Any) -> None:
    world.begin("one")
    world.publish(deadline=1)
    with pytest.raises(WaitTimeoutError, match="phase BUILD"):
        world.publish(deadline=1)
    (build,) = world.codebuild.builds.values()
    assert build["buildStatus"] == "STOPPED"


def test_a_full_queue_of_builds_is_waited_for(world: Any) -> None:
    world.begin("one")
    world.codebuild.full = True
    assert world.publish().done is False
    assert world.publish().done is False
    assert world.codebuild.builds == {}
    world.codebuild.full = False
    assert world.publish().done is False
    world.finish_build()
    assert world.publish().done
    assert len(world.codebuild.builds) == 1


def test_at_the_deadline_a_full_queue_is_named(world: Any) -> None:
    world.begin("one")
    world.codebuild.full = True
    with pytest.raises(WaitTimeoutError, match="the account's queue is full"):
        world.publish(deadline=1)


def test_a_build_of_a_killed_execution_is_waited_for(world: Any) -> None:
    world.begin("one")
    world.publish()
    world.begin("two")
    assert world.publish().done is False
    world.finish_build()
    assert world.publish().done
    assert len(world.codebuild.builds) == 1


def test_a_build_whose_id_was_lost_is_waited_for(world: Any) -> None:
    world.begin("one")
    world.publish()
    artifact = world.record().artifact.model_copy(update={"build_id": None})
    world.records.update("dev", world.execution, artifact=artifact)
    world.begin("two")
    assert world.publish().done is False
    assert len(world.codebuild.builds) == 1


def test_a_given_image_is_pinned_and_nothing_is_built(world: Any) -> None:
    world.clients.ecr.create_repository(repositoryName="theirs/agent")
    digest = world.push("theirs/agent", "v1")
    world.begin("one", {"artifact": {"containerUri": f"{HOST}/theirs/agent:v1"}})
    published = world.publish()
    assert published.done
    assert published.artifact.given
    assert published.artifact.built is False
    assert published.artifact.container_uri == f"{HOST}/theirs/agent@{digest}"
    assert world.codebuild.builds == {}
    assert world.record().artifact.given


@pytest.mark.parametrize(
    "repository",
    [
        "public.ecr.aws/them/agent",
        "999999999999.dkr.ecr.us-west-2.amazonaws.com/agent",
        f"{HOST}/theirs",
    ],
)
def test_an_image_that_is_pinned_already_stays_as_given(world: Any, repository: str) -> None:
    digest = f"sha256:{'a' * 64}"
    world.begin("one", {"artifact": {"containerUri": f"{repository}@{digest}"}})
    published = world.publish().artifact
    assert (published.container_uri, published.digest) == (f"{repository}@{digest}", digest)


@pytest.mark.parametrize(
    "uri",
    [
        "public.ecr.aws/them/agent:v1",
        "999999999999.dkr.ecr.us-west-2.amazonaws.com/agent:v1",
        "999999999999.dkr.ecr.us-west-2.amazonaws.com/agent",
    ],
)
def test_an_image_that_cannot_be_pinned_is_refused(world: Any, uri: str) -> None:
    world.begin("one", {"artifact": {"containerUri": uri}})
    with pytest.raises(ArtifactBuildError, match="with its digest") as caught:
        world.publish()
    assert uri in str(caught.value)


@pytest.mark.parametrize("name", ["agents:missing", "nothing:v1"])
def test_a_given_image_that_does_not_exist_is_refused(world: Any, name: str) -> None:
    world.begin("one", {"artifact": {"containerUri": f"{HOST}/{name}"}})
    with pytest.raises(ArtifactBuildError, match=name):
        world.publish()


@pytest.mark.parametrize("kind", ["container", "code"])
def test_a_built_artifact_that_agentcore_does_not_take_is_refused(
    world: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    world.begin("one", {"artifact": {"type": kind}})
    world.publish()
    world.finish_build()
    monkeypatch.setattr(limits, "ZIP_BYTES", 2)
    monkeypatch.setattr(limits, "IMAGE_BYTES", 2)
    for _ in range(2):
        with pytest.raises(ArtifactBuildError, match=r"has \d+ bytes, allowed: 2"):
            world.publish()
    assert world.record().artifact.published is False
    # Another execution does not pay for the same build again.
    world.begin("two", {"artifact": {"type": kind}})
    monkeypatch.setattr("lifecycle.artifact.source.limits.check_packed", check_built_only)
    world.publish()
    with pytest.raises(ArtifactBuildError, match="allowed: 2"):
        world.publish()
    assert len(world.codebuild.builds) == 1


check_packed = limits.check_packed


def check_built_only(what: str, size: int, sizes: dict[str, int]) -> None:
    """The sources of these tests are larger than the limit that the built zip is held against."""
    if what.startswith("the built"):
        check_packed(what, size, sizes)
