"""Odd and hostile zips: each is refused by name, with a short message and in bounded memory."""

from __future__ import annotations

import io
import random
import stat
import struct
import tracemalloc
import zipfile
from typing import Any

import pytest

from lifecycle.artifact.source import pack_object
from lifecycle.artifact.zips import archive as archives
from lifecycle.artifact.zips import limits
from lifecycle.errors import ArtifactBuildError
from lifecycle.request.artifact import Source

SOURCE = Source(bucket="artifacts", key="agent.zip")
LONGEST_MESSAGE = 1500


class Object:
    """S3 with one object."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get_object(self, *, Range: str | None = None, **_: str) -> dict[str, Any]:  # noqa: N803
        first = int(Range.removeprefix("bytes=").partition("-")[0]) if Range else 0
        body = io.BytesIO(self._body[first:])
        return {"ContentLength": len(self._body) - first, "Body": Stream(body)}


class Stream:
    def __init__(self, body: io.BytesIO) -> None:
        self._body = body

    def iter_chunks(self, size: int) -> Any:
        return iter(lambda: self._body.read(size), b"")

    def close(self) -> None:
        self._body.close()


def names(body: bytes) -> list[str]:
    with pack_object(Object(body), SOURCE, "code") as packed:
        return zipfile.ZipFile(packed.file).namelist()


def refusal(body: bytes) -> str:
    with pytest.raises(ArtifactBuildError) as caught:
        names(body)
    text = str(caught.value)
    assert len(text) < LONGEST_MESSAGE
    assert text.isprintable()
    return text


def zipped(*members: tuple[zipfile.ZipInfo | str, bytes], method: int = 0) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content, method)
    return body.getvalue()


def of_kind(kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("odd")
    info.create_system = 3
    info.external_attr = (kind | 0o644) << 16
    return info


def test_a_name_that_is_flagged_utf8_and_is_not() -> None:
    body = zipped(("日.py", b"1")).replace("日".encode(), b"\xff\xfe\xfd")
    assert "flagged as UTF-8 and is not" in refusal(body)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "a\\b", "C:\\x", "//x"])
def test_a_file_outside_of_the_source(name: str) -> None:
    assert f"a file outside of itself: {name!r}" in refusal(zipped((name, b"1")))


@pytest.mark.parametrize("name", ["a" * 300, "/".join(["ab"] * 500), "日" * 100, "a\nb", "a\x1bb"])
def test_a_name_that_no_system_or_log_takes(name: str) -> None:
    assert "too long or has control characters" in refusal(zipped((name, b"1")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a.py", "a.py"), ("a.py", "./a.py"), ("x/a", "x//a")])
def test_two_files_of_one_name(names: tuple[str, str]) -> None:
    assert "several files of one name" in refusal(zipped((names[0], b"1"), (names[1], b"2")))


def test_a_file_and_a_folder_of_one_name() -> None:
    assert "a file and a folder of one name: 'a'" in refusal(zipped(("a", b"1"), ("a/b", b"2")))


def test_a_leading_dot_is_no_part_of_a_name() -> None:
    assert names(zipped(("./main.py", b"1"))) == ["main.py"]


@pytest.mark.parametrize(
    ("kind", "said"), [(stat.S_IFLNK, "a symbolic link"), (stat.S_IFIFO, "no plain file")]
)
def test_what_is_no_file(kind: int, said: str) -> None:
    assert f"{said}: 'odd'" in refusal(zipped((of_kind(kind), b"/etc/passwd")))


def test_a_link_in_what_is_left_out_does_not_matter() -> None:
    link = of_kind(stat.S_IFLNK)
    link.filename = ".venv/bin/python"
    assert names(zipped(("main.py", b"1"), (link, b"/usr/bin/python3"))) == ["main.py"]


def test_an_encrypted_file() -> None:
    body = bytearray(zipped(("main.py", b"1" * 20)))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + flags] |= 1
    assert "an encrypted file: 'main.py'" in refusal(bytes(body))


def test_a_bomb_that_says_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 1000)
    text = refusal(zipped(("small", b""), ("big.bin", bytes(5000)), method=zipfile.ZIP_DEFLATED))
    assert "2 files of 5000 bytes unpacked, allowed: 100000 files of 1000 bytes" in text
    assert "the largest files: 'big.bin' 0.0 MB" in text


def test_a_bomb_that_hides_its_size() -> None:
    body = bytearray(zipped(("a.bin", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED))
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = body.index(signature) + size
        body[at : at + 4] = struct.pack("<I", 10)
    tracemalloc.start()
    text = refusal(bytes(body))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "cannot be read as a zip" in text
    assert peak < 2 * archives.DIRECTORY_BYTES < 50_000_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_makes_gigabytes_of_one_read(method: int) -> None:
    assert "not packed with Deflate: 'a.bin'" in refusal(
        zipped(("a.bin", bytes(100_000)), method=method)
    )


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILES", 3)
    assert "4 files" in refusal(zipped(*[(f"{n}", b"1") for n in range(4)]))


def test_a_directory_of_any_size_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "DIRECTORY_BYTES", 70_000)
    text = refusal(zipped(*[(f"{n:0100}", b"1") for n in range(1000)]))
    assert "its directory has" in text
    assert "allowed: 70000" in text


def test_a_zip_that_is_too_large_to_download_is_told_by_its_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = zipped(("small.py", b"1"), ("model.bin", bytes(2_000_000)))
    monkeypatch.setattr(limits, "ZIP_BYTES", 1_000_000)
    monkeypatch.setattr("lifecycle.artifact.source.DIRECTORY_BYTES", 10_000)
    text = refusal(body)
    assert f"has {len(body)} bytes, allowed: 1000000; the largest files: 'model.bin' 1.9 MB" in text


def test_an_object_that_is_large_and_no_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ZIP_BYTES", 1000)
    assert "allowed: 1000; leave out" in refusal(bytes(2000))


def test_damaged_zips_are_packed_or_refused_and_nothing_else() -> None:
    chance = random.Random(5)  # noqa: S311 - the same damage in each run
    good = zipped(
        ("main.py", b"print(1)\n" * 50), ("日/x.py", b"2"), ("c/", b""), method=zipfile.ZIP_DEFLATED
    )
    outcomes = set()
    for _ in range(3000):
        body = bytearray(good)
        for _ in range(chance.choice((1, 2, 8))):
            body[chance.randrange(len(body))] = chance.choice(
                (0, 1, 0x7F, 0xFF, chance.randrange(256))
            )
        if chance.random() < 0.1:
            del body[chance.randrange(len(body)) :]
        outcomes.add(outcome(bytes(body)))
    assert outcomes == {"packed", "refused"}


def outcome(body: bytes) -> str:
    try:
        names(body)
    except ArtifactBuildError as error:
        return "refused" if len(str(error)) < LONGEST_MESSAGE else f"a long message: {error}"
    return "packed"
