"""Strays: images and objects that no item of the artifacts table vouches for, found and removed by a sweep."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle import names
from lifecycle.fleet.strays import SETTLED_SECONDS
from tests.functions.lifecycle.fleet.aging import age
from tests.functions.lifecycle.fleet.environments import select
from tests.functions.test_policies import template

NOBODY_S = ("a" * 64, "0123456789ab")
URI = "123456789012.dkr.ecr.us-west-2.amazonaws.com/agents"
OLD = SETTLED_SECONDS + 60


def put(world: Any, *keys: str) -> None:
    for key in keys:
        world.clients.s3.put_object(Bucket="artifacts", Key=key, Body=b"zip")


def strays(world: Any, **request: Any) -> dict[str, tuple[bool, bool]]:
    """What a sweep finds that no environment owns: removable and removed of each."""
    found = select(world, action="sweep", **request).orphans
    return {
        one.arn.removeprefix("arn:aws:s3:::artifacts/"): (one.removable, one.removed)
        for one in found
        if one.environment is None
    }


LEFT = {
    f"{URI}:{names.image_tag(*NOBODY_S)}-build-7",
    names.source_key(*NOBODY_S),
    f"{names.build_prefix(*NOBODY_S)}7.zip",
    names.package_key(*NOBODY_S),
    "builds/attack/x.zip",
}


def leave(world: Any) -> None:
    """What functions and builds can leave under the lifecycle's own names."""
    world.push("agents", f"{names.image_tag(*NOBODY_S)}-build-7")
    put(world, *(name for name in LEFT if not name.startswith(URI)))
    # Old versions and delete markers are left, too.
    put(world, names.package_key(*NOBODY_S))
    world.clients.s3.delete_object(Bucket="artifacts", Key=names.package_key(*NOBODY_S))


def test_what_nothing_vouches_for_is_found_and_only_removed_when_told_to(world: Any) -> None:
    leave(world)
    age(OLD)
    before = world.images(), world.objects()
    assert strays(world) == dict.fromkeys(LEFT, (True, False))
    assert strays(world, removeOrphans=True, dryRun=True) == dict.fromkeys(LEFT, (True, False))
    # They have no environment that a pattern could name.
    assert strays(world, removeOrphans=True, pattern="*") == dict.fromkeys(LEFT, (True, False))
    assert (world.images(), world.objects()) == before
    selection = select(world, action="sweep", removeOrphans=True)
    assert (selection.orphan_count, selection.selected) == (len(LEFT), 0)
    assert {orphan.removed for orphan in selection.orphans} == {True}
    assert (world.images(), world.objects()) == ([], [])
    assert strays(world) == {}


def test_what_is_young_is_left_alone(world: Any) -> None:
    """A copy that was made seconds ago, and a build that a stopped function has started."""
    leave(world)
    age(SETTLED_SECONDS - 60)
    assert strays(world, removeOrphans=True) == {}
    # One young version keeps the old ones.
    age(120)
    put(world, names.package_key(*NOBODY_S))
    assert strays(world).keys() == LEFT - {names.package_key(*NOBODY_S)}


@pytest.mark.parametrize("kind", ["container", "code"])
def test_what_an_item_vouches_for_is_left_alone_however_old(world: Any, kind: str) -> None:
    artifact = {"type": kind} if kind == "container" else {"type": kind, "entryPoint": ["main.py"]}
    world.begin("one", {"artifact": artifact})
    world.publish()
    # A build that runs: its source is there, and nothing is pinned yet.
    age(OLD)
    assert strays(world, removeOrphans=True) == {}
    world.finish_build()
    age(OLD)
    assert strays(world, removeOrphans=True) == {}
    assert world.publish().done
    age(OLD)
    # What its build has put besides is the artifact's until its last user goes.
    before = world.images(), world.objects()
    assert strays(world, removeOrphans=True) == {}
    assert (world.images(), world.objects()) == before


def test_another_generation_of_the_same_content_is_a_stray(world: Any) -> None:
    world.begin("one")
    world.build()
    content = world.item().content_hash
    kept = world.images()
    world.push("agents", f"{names.image_tag(content, 'f' * 12)}-build-9")
    age(OLD)
    assert strays(world, removeOrphans=True) == {
        f"{URI}:{names.image_tag(content, 'f' * 12)}-build-9": (True, True)
    }
    assert world.images() == kept


def test_what_may_be_somebody_s_own_is_found_and_never_removed(world: Any) -> None:
    world.push("agents", "pushed-by-hand")
    put(world, "packages/by-hand.zip", "sources/a/b.zip", "uploads/c.zip", "fleets/x/items.json")
    age(OLD)
    own = {f"{URI}:pushed-by-hand": (False, False), "packages/by-hand.zip": (False, False)}
    assert strays(world, removeOrphans=True) == own
    assert strays(world, removeOrphans=True) == own


def test_an_image_that_a_record_names_is_no_stray(world: Any) -> None:
    digest = world.push("agents", f"{names.image_tag(*NOBODY_S)}-build-7")
    world.begin("one", {"artifact": {"containerUri": f"{URI}@{digest}"}})
    assert world.publish().done
    age(OLD)
    assert strays(world, removeOrphans=True) == {}
    assert len(world.images()) == 1


def test_a_tag_goes_from_an_image_that_keeps_another(world: Any) -> None:
    """Two sources that make the same image: one artifact is in use, and nothing vouches for the other."""
    world.begin("one")
    world.build()
    (kept,) = world.images()
    (image,) = world.clients.ecr.batch_get_image(
        repositoryName="agents", imageIds=[{"imageTag": kept}]
    )["images"]
    world.clients.ecr.put_image(
        repositoryName="agents",
        imageManifest=image["imageManifest"],
        imageManifestMediaType=image["imageManifestMediaType"],
        imageDigest=image["imageId"]["imageDigest"],
        imageTag=f"{names.image_tag(*NOBODY_S)}-build-7",
    )
    age(OLD)
    assert set(strays(world, removeOrphans=True).values()) == {(True, True)}
    assert world.images() == [kept]


def test_what_cannot_be_deleted_is_not_called_removed(world: Any, monkeypatch: Any) -> None:
    leave(world)
    age(OLD)
    key = names.package_key(*NOBODY_S)
    kept = [{"Key": key, "Code": "AccessDenied", "Message": "an object lock"}]
    monkeypatch.setattr(
        world.clients.s3, "delete_objects", lambda **_: {"Errors": kept}, raising=False
    )
    found = strays(world, removeOrphans=True)
    assert found[key] == (True, False)
    assert found[f"{URI}:{names.image_tag(*NOBODY_S)}-build-7"] == (True, True)


def test_a_sweep_removes_a_bounded_number(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("lifecycle.fleet.strays._AT_ONCE", 2)
    leave(world)
    age(OLD)
    for left in (5, 3, 1):
        found = strays(world, removeOrphans=True)
        assert len(found) == left
        assert sum(removed for _, removed in found.values()) == min(left, 2)
    assert strays(world) == {}


def test_nothing_that_is_being_made_can_be_older() -> None:
    """A function may start a build in its last second, and the build may wait before it runs."""
    resources = template()["Resources"]
    build = resources["BuildProject"]["Properties"]
    function = resources["PublishArtifactFunction"]["Properties"]["Timeout"]
    longest = int(function) + 60 * (
        int(build["TimeoutInMinutes"]) + int(build["QueuedTimeoutInMinutes"])
    )
    assert longest < SETTLED_SECONDS
