"""A ready-made zip is checked, copied by its content and pinned by its version; nothing is built."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.artifact.zips import limits
from lifecycle.errors import ArtifactBuildError, InvalidRequestError
from lifecycle.request.model import parse_request

WHERE = {"bucket": "artifacts", "key": "mine.zip"}
PACKAGE = {"artifact": {"type": "code", "package": WHERE}}
FILES = {"main.py": "1", "strands/__init__.py": "", ".env": "not looked at"}


def test_a_package_is_deployed_as_it_is(world: Any) -> None:
    version = world.upload("mine.zip", FILES)
    body = world.clients.s3.get_object(Bucket="artifacts", Key="mine.zip")["Body"].read()
    world.provision("one", PACKAGE)
    code = world.detail()["agentRuntimeArtifact"]["codeConfiguration"]
    assert (code["runtime"], code["entryPoint"]) == ("PYTHON_3_13", ["main.py"])
    place = code["code"]["s3"]
    copy = world.clients.s3.get_object(
        Bucket=place["bucket"], Key=place["prefix"], VersionId=place["versionId"]
    )
    assert place["prefix"].startswith("packages/")
    assert copy["Body"].read() == body
    assert world.record().artifact.source == {**WHERE, "versionId": version}
    assert world.codebuild.builds == {}

    # The same bytes again are the same version, whatever lies at that key by now.
    world.begin("two", PACKAGE)
    world.clients.s3.put_object(Bucket="artifacts", Key=place["prefix"], Body=b"another's")
    assert world.publish().artifact.version_id == place["versionId"]
    world.begin("three", PACKAGE | {"environment": "dev-2"})
    assert world.publish().artifact.version_id == place["versionId"]
    # Somebody deleted it: it is copied again.
    world.clients.s3.delete_object(
        Bucket="artifacts", Key=place["prefix"], VersionId=place["versionId"]
    )
    world.begin("four", PACKAGE)
    replaced = world.publish().artifact.version_id
    again = world.clients.s3.get_object(Bucket="artifacts", Key=place["prefix"], VersionId=replaced)
    assert again["Body"].read() == body


@pytest.mark.parametrize(
    ("files", "limit", "said"),
    [
        ({"app.py": "1"}, None, "the package has no main.py"),
        ({"main.py": "1", "../x": "1"}, None, "a file outside of itself"),
        (
            {"main.py": "1" * 100},
            "UNPACKED_BYTES",
            "100 bytes unpacked, allowed: 100000 files of 50",
        ),
        ({"main.py": "1" * 100}, "ZIP_BYTES", "allowed: 50; the largest files: 'main.py'"),
    ],
)
def test_a_package_that_agentcore_does_not_take_is_refused(
    world: Any, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], limit: str | None, said: str
) -> None:
    world.upload("mine.zip", files)
    world.begin("one", PACKAGE)
    if limit:
        monkeypatch.setattr(limits, limit, 50)
    with pytest.raises(ArtifactBuildError, match=said):
        world.publish()
    assert world.objects() == []


def test_a_package_that_does_not_exist_is_named(world: Any) -> None:
    world.begin("one", PACKAGE)
    with pytest.raises(ArtifactBuildError, match=r"mine\.zip does not exist.*artifact\.package"):
        world.publish()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"type": "container"}, "artifact.package: given 's3://artifacts/mine.zip', allowed: only"),
        ({"source": WHERE}, "allowed: package, source or containerUri: only one of them"),
    ],
)
def test_a_package_excludes_what_builds(more: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"artifact": {**PACKAGE["artifact"], **more}})
    assert said in str(caught.value)


def test_a_teardown_keeps_the_callers_zip(world: Any) -> None:
    world.upload("mine.zip", FILES)
    world.begin("one", PACKAGE)
    world.publish()
    removed = world.delete_artifact()
    assert [kept.resource for kept in removed.kept] == ["package s3://artifacts/mine.zip"]
    assert world.objects() == []
    assert world.clients.s3.head_object(Bucket="artifacts", Key="mine.zip")["ContentLength"]
