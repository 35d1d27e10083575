"""What a build says of itself is checked, and nothing else that lies in S3 or ECR is used."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.errors import ArtifactBuildError


def succeed(world: Any, said: dict[str, str]) -> None:
    """End the build with these exported variables."""
    (build,) = [b for b in world.codebuild.builds.values() if b["buildStatus"] == "IN_PROGRESS"]
    build["buildStatus"] = "SUCCEEDED"
    build["exportedEnvironmentVariables"] = [{"name": n, "value": v} for n, v in said.items()]


def put(world: Any, key: str, body: bytes) -> dict[str, str]:
    """Put a zip as a build does; returns what it says of it."""
    answer = world.clients.s3.put_object(
        Bucket="artifacts", Key=key, Body=body, ChecksumAlgorithm="SHA256"
    )
    return {"PACKAGE_VERSION": answer["VersionId"], "PACKAGE_SHA256": answer["ChecksumSHA256"]}


def place(world: Any) -> str:
    """What the key of the running build's zip begins with."""
    return str(world.codebuild.builds["build:1"]["variables"]["ARTIFACT_PREFIX"])


IMAGES: dict[str, Callable[[Any, str], dict[str, str]]] = {
    "nothing": lambda world, tag: {},
    "no digest": lambda world, tag: {"IMAGE_DIGEST": "latest"},
    "an image that is not there": lambda world, tag: {"IMAGE_DIGEST": f"sha256:{'a' * 64}"},
    "another's image": lambda world, tag: {"IMAGE_DIGEST": world.push("agents", "of-another")},
    "the image of another build": lambda world, tag: {
        "IMAGE_DIGEST": world.push("agents", f"{tag}-9")
    },
}


@pytest.mark.parametrize("said", IMAGES.values(), ids=IMAGES.keys())
def test_an_image_that_is_not_the_builds_own_is_not_used(
    world: Any, said: Callable[[Any, str], dict[str, str]]
) -> None:
    world.begin("one")
    world.publish()
    tag = world.codebuild.builds["build:1"]["variables"]["IMAGE_TAG"]
    succeed(world, said(world, tag))
    with pytest.raises(
        ArtifactBuildError, match=r"build:1 succeeded, but .* not find what it says"
    ):
        world.publish()
    assert not world.item().is_pinned
    # It is built again.
    assert world.build().artifact.built


ZIPS: dict[str, Callable[[Any], dict[str, str]]] = {
    "nothing": lambda world: {},
    "no version": lambda world: put(world, f"{place(world)}1.zip", b"1") | {"PACKAGE_VERSION": ""},
    "no checksum": lambda world: put(world, f"{place(world)}1.zip", b"1") | {"PACKAGE_SHA256": "x"},
    "a version that is not there": lambda world: (
        put(world, f"{place(world)}1.zip", b"1") | {"PACKAGE_VERSION": "of-nothing"}
    ),
    "another's zip": lambda world: put(world, "builds/another/0/1.zip", b"1"),
    "the zip of another build": lambda world: put(world, f"{place(world)}2.zip", b"1"),
    "a zip with another checksum": lambda world: (
        put(world, f"{place(world)}1.zip", b"1")
        | {"PACKAGE_SHA256": base64.b64encode(hashlib.sha256(b"2").digest()).decode()}
    ),
}


@pytest.mark.parametrize("said", ZIPS.values(), ids=ZIPS.keys())
def test_a_zip_that_is_not_the_builds_own_is_not_used(
    world: Any, said: Callable[[Any], dict[str, str]]
) -> None:
    world.begin("one", {"artifact": {"type": "code"}})
    world.publish()
    succeed(world, said(world))
    with pytest.raises(
        ArtifactBuildError, match=r"build:1 succeeded, but .* not find what it says"
    ):
        world.publish()
    assert not world.item().is_pinned
    assert world.objects("packages/") == []
    assert world.build().artifact.built


def test_what_is_put_over_it_before_and_after_is_not_used(world: Any) -> None:
    """Any build may put objects where builds do; here one even writes where it may not."""
    world.begin("one", {"artifact": {"type": "code"}})
    world.publish()
    key, item = f"{place(world)}1.zip", world.item()
    final = f"packages/{item.content_hash}/{item.generation}.zip"
    put(world, key, b"evil")
    put(world, final, b"evil")
    said = put(world, key, b"good")
    put(world, key, b"evil")
    succeed(world, said)
    artifact = world.publish().artifact
    put(world, final, b"evil")
    world.begin("two", {"artifact": {"type": "code"}})
    again = world.publish().artifact
    assert (again.key, again.version_id) == (artifact.key, artifact.version_id) != (None, None)
    got = world.clients.s3.get_object(Bucket="artifacts", Key=final, VersionId=again.version_id)
    assert got["Body"].read() == b"good"


def test_an_image_that_two_artifacts_have_stays_until_both_are_gone(world: Any) -> None:
    """A build can push another's image under its own tag, if it knows it. The other must not lose it."""
    world.begin("shop", {"environment": "shop"})
    shop = world.build().artifact
    (world.agent / "main.py").write_text("print('thief')", encoding="utf-8")
    world.begin("thief", {"environment": "thief"})
    world.publish()
    (tag,) = world.images()
    (build,) = [b for b in world.codebuild.builds.values() if b["buildStatus"] == "IN_PROGRESS"]
    image = world.clients.ecr.batch_get_image(
        repositoryName="agents", imageIds=[{"imageTag": tag}]
    )["images"][0]
    world.clients.ecr.put_image(
        repositoryName="agents",
        imageManifest=image["imageManifest"],
        imageManifestMediaType=image["imageManifestMediaType"],
        imageTag=f"{build['variables']['IMAGE_TAG']}-2",
        imageDigest=image["imageId"]["imageDigest"],
    )
    succeed(world, {"IMAGE_DIGEST": image["imageId"]["imageDigest"]})
    assert world.publish().artifact.digest == shop.digest
    world.begin("gone", {"action": "teardown", "environment": "thief"})
    world.delete_artifact()
    assert world.images() == [tag]
