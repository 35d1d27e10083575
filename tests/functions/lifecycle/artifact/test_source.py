"""A source is named by its content and packed the same way each time; what is not a sound zip is refused."""

import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lifecycle.artifact.source import pack_folder, pack_object
from lifecycle.artifact.zips import limits
from lifecycle.errors import ArtifactBuildError
from lifecycle.request.artifact import Source


def folder_hash(folder: Path) -> str:
    with pack_folder(folder, "code") as packed:
        return packed.content_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "source"
    (where / "tools").mkdir(parents=True)
    (where / "main.py").write_text("main", encoding="utf-8")
    (where / "tools" / "weather.py").write_text("weather", encoding="utf-8")
    return where


def put(world: Any, body: bytes) -> Source:
    world.clients.s3.put_object(Bucket="artifacts", Key="agent.zip", Body=body)
    return Source(bucket="artifacts", key="agent.zip")


def zipped(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return body.getvalue()


def test_the_zip_has_sorted_names_one_time_and_plain_modes(folder: Path) -> None:
    script = folder / "start.sh"
    script.write_text("#!/bin/sh", encoding="utf-8")
    script.chmod(0o700)
    with pack_folder(folder, "code") as packed, zipfile.ZipFile(packed.file) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["main.py", "start.sh", "tools/weather.py"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    modes = [stat.S_IMODE(entry.external_attr >> 16) for entry in entries]
    assert modes == [0o644, 0o755, 0o644]


def test_the_same_folder_gives_the_same_bytes(folder: Path) -> None:
    with pack_folder(folder, "code") as packed:
        first = packed.file.read()
    (folder / "main.py").touch()
    with pack_folder(folder, "code") as packed:
        assert packed.file.read() == first


@pytest.mark.parametrize("change", ["content", "name", "mode", "more"])
def test_every_change_counts(folder: Path, change: str) -> None:
    before = folder_hash(folder)
    main = folder / "main.py"
    if change == "content":
        main.write_text("other", encoding="utf-8")
    elif change == "name":
        main.rename(folder / "other.py")
    elif change == "mode":
        main.chmod(0o755)
    else:
        (folder / ".dockerignore").write_text("x", encoding="utf-8")
    assert folder_hash(folder) != before


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactBuildError, match="no file"), pack_folder(tmp_path, "code"):
        pass


def test_the_same_files_zipped_otherwise_are_the_same_source(world: Any) -> None:
    late = zipfile.ZipInfo("a.py", (2024, 5, 1, 12, 0, 0))
    late.compress_type = zipfile.ZIP_DEFLATED
    with pack_object(
        world.clients.s3, put(world, zipped(("b.py", b"2"), (late, b"1"))), "code"
    ) as packed:
        first = packed.content_hash
        assert packed.version_id is not None
    with pack_object(
        world.clients.s3, put(world, zipped(("a.py", b"1"), ("b.py", b"2"), ("c/", b""))), "code"
    ) as packed:
        assert packed.content_hash == first


def test_a_missing_object_is_named(world: Any) -> None:
    wanted = Source(bucket="artifacts", key="nothing.zip")
    with (
        pytest.raises(ArtifactBuildError, match=r"s3://artifacts/nothing\.zip does not exist"),
        pack_object(world.clients.s3, wanted, "code"),
    ):
        pass


def linked() -> bytes:
    info = zipfile.ZipInfo("link.py")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped((info, b"/etc/passwd"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"this is no zip", "cannot be read as a zip"),
        (zipped(("a.py", b"1" * 5000))[:-40], "cannot be read as a zip"),
        (zipped(("../a.py", b"1")), "outside of itself"),
        (zipped(("/a.py", b"1")), "outside of itself"),
        (linked(), "symbolic link"),
        (zipped(), "no file"),
    ],
)
def test_an_unsound_zip_is_refused(world: Any, body: bytes, reason: str) -> None:
    with (
        pytest.raises(ArtifactBuildError, match=reason),
        pack_object(world.clients.s3, put(world, body), "code"),
    ):
        pass


def test_a_zip_over_the_limit_is_refused(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ZIP_BYTES", 100)
    wanted = put(world, zipped(("a.py", b"1" * 200), ("b.py", b"2")))
    with (
        pytest.raises(
            ArtifactBuildError, match=r"allowed: 100; the largest files: 'a\.py' 0\.0 MB, 'b\.py'"
        ),
        pack_object(world.clients.s3, wanted, "code"),
    ):
        pass


def test_a_zip_that_unpacks_to_too_much_is_refused(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 1000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"0" * 1001)
    with (
        pytest.raises(ArtifactBuildError, match="1001 bytes unpacked"),
        pack_object(world.clients.s3, put(world, bomb.getvalue()), "code"),
    ):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_damaged_data_is_named(world: Any, method: int) -> None:
    good = io.BytesIO()
    with zipfile.ZipFile(good, "w", method) as archive:
        archive.writestr("a.py", bytes(range(256)) * 40)
    damaged = bytearray(good.getvalue())
    for place in range(45, 110):
        damaged[place] ^= 0xFF
    with (
        pytest.raises(ArtifactBuildError, match="cannot be read as a zip"),
        pack_object(world.clients.s3, put(world, bytes(damaged)), "code"),
    ):
        pass
