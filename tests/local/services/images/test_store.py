"""Where images are found, and whose bytecode they get."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import shutil
from pathlib import Path

import pytest

from local.services.images.bytecode import seed
from local.services.images.installer import translate
from local.services.images.store import Image, ImageNotFound, ImageStore, Reference, save

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


def image(store: ImageStore, tree: str) -> Image:
    root = store.tree(tree) / "stage-0"
    root.mkdir(parents=True)
    made = Image(root, ["python"], {"A": "b"}, root / "app", "arm64", DIGEST)
    save(store.tree(tree), made)
    return made


def test_an_image_is_found_by_tag_and_digest(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    made = image(store, "b1-x")
    store.publish(Reference.parse(f"{REGISTRY}/team/agents:v1"), "b1-x", DIGEST)
    for name in (":v1", f"@{DIGEST}", f":other@{DIGEST}"):
        assert store.resolve(f"{REGISTRY}/team/agents{name}") == made
    for name in ("", ":v2", "@sha256:" + "b" * 64):
        with pytest.raises(ImageNotFound):
            store.resolve(f"{REGISTRY}/team/agents{name}")
    with pytest.raises(ImageNotFound):
        store.resolve(f"{REGISTRY}/agents:v1")


@pytest.mark.parametrize("uri", ["", "agents", "x/..:a", "https://x/y:z", "x/y@sha256:1"])
def test_what_is_no_name(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ImageNotFound):
        ImageStore(tmp_path).resolve(uri)


def test_what_ecr_no_longer_has_is_not_found(tmp_path: Path) -> None:
    there = {"v1"}
    store = ImageStore(tmp_path, lambda reference: reference.tag in there)
    image(store, "b1-x")
    store.publish(Reference.parse(f"{REGISTRY}/agents:v1"), "b1-x", DIGEST)
    assert store.resolve(f"{REGISTRY}/agents:v1")
    there.clear()
    with pytest.raises(ImageNotFound):
        store.resolve(f"{REGISTRY}/agents:v1")


def test_what_was_not_pushed_is_removed(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    for tree in ("b1-pushed", "b1-not", "b2-not"):
        image(store, tree)
    store.publish(Reference.parse(f"{REGISTRY}/agents:v1"), "b1-pushed", DIGEST)
    store.discard_unpublished("b1")
    assert {tree.name for tree in (tmp_path / "trees").iterdir()} == {"b1-pushed", "b2-not"}


@pytest.mark.parametrize(
    ("tool", "arguments", "translated"),
    [
        ("pip", "install --no-cache-dir -r r.txt", "pip install --python P -r r.txt"),
        ("pip", "--disable-pip-version-check install six", "pip install --python P six"),
        ("pip", "uninstall -y six", "pip uninstall --python P six"),
        ("uv", "pip install --system six", "pip install --python P six"),
        ("uv", "sync --frozen", "sync --frozen"),
        ("pip", "cache purge", None),
        ("uv", "cache clean", None),
    ],
)
def test_pip_becomes_uv(tool: str, arguments: str, translated: str | None) -> None:
    got = translate(tool, arguments.split(), "P")
    assert (got and " ".join(got)) == translated


def test_bytecode_is_given_to_equal_modules_only(tmp_path: Path) -> None:
    own, packages = tmp_path / "own", tmp_path / "packages"
    for name in ("pkg/same", "pkg/older", "pkg/other", "pkg/stale", "absent/x"):
        module = own / f"{name}.py"
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text("VALUE = 1\n")
        py_compile.compile(str(module), doraise=True)
    shutil.copytree(own / "pkg", packages / "pkg", ignore=shutil.ignore_patterns("__pycache__"))
    os.utime(packages / "pkg/older.py", (1e9, 1e9))
    (packages / "pkg/other.py").write_text("VALUE = 2\n")
    os.utime(own / "pkg/stale.py", (1e9, 1e9))
    assert seed(packages, own) == 2
    given = {file.name.partition(".")[0] for file in packages.rglob("*.pyc")}
    assert given == {"same", "older"}
    for name in given:
        cached = importlib.util.cache_from_source(str(packages / f"pkg/{name}.py"))
        before = Path(cached).read_bytes()
        py_compile.compile(str(packages / f"pkg/{name}.py"), doraise=True)
        assert Path(cached).read_bytes()[:16] == before[:16]
