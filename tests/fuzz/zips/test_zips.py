"""Any zip ends packed, published or refused by ArtifactBuildError, within bounded memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.artifact import package
from lifecycle.artifact.entry_point import source_entry_point
from lifecycle.artifact.package import publish_package
from lifecycle.artifact.source import PackedSource, pack_object
from lifecycle.errors import ArtifactBuildError
from lifecycle.request.artifact import Source
from lifecycle.request.model import parse_request
from tests.fuzz.effort import within_memory
from tests.fuzz.profile import tries
from tests.fuzz.tally import TALLY, ZIPS
from tests.fuzz.zips.crafted import Ending, Entry, Zip, bomb, overlapping, zips

SOURCE = Source(bucket="sources", key="agent.zip")
PACKAGE = {"artifact": {"type": "code", "package": {"bucket": "sources", "key": "agent.zip"}}}
# The function has 512 MB or more; a directory of 16 MiB, twice in memory, is the most that one read takes.
_MEMORY = 64 * 1024 * 1024
_LONGEST = 2000


class Bucket:
    """S3 with one object in it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get_object(self, **_: Any) -> dict[str, Any]:
        def parts(size: int) -> Any:
            return (self._body[at : at + size] for at in range(0, len(self._body), size))

        stream = SimpleNamespace(iter_chunks=parts, close=lambda: None)
        return {"ContentLength": len(self._body), "Body": stream, "VersionId": "v1"}


SETTINGS: Any = SimpleNamespace()


@pytest.fixture(autouse=True, scope="module")
def nothing_is_stored() -> Iterator[None]:
    """A package that was accepted is not stored: the table and the bucket are tested beside the stage."""
    pins = SimpleNamespace(fields=lambda _: {"published": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "_store", lambda *_: None)
        patch.setattr(package, "Pins", lambda *_: pins)
        yield


def check(act: Callable[[], None]) -> None:
    with TALLY.trying(ZIPS):
        try:
            within_memory(_MEMORY, act)
        except ArtifactBuildError as error:
            message = str(error)
            assert len(message) <= _LONGEST
            assert message.isprintable(), repr(message)


def pack(body: bytes, kind: Literal["container", "code"]) -> None:
    with pack_object(Bucket(body), SOURCE, kind) as packed:
        _check_packed(packed)
        if kind == "code":
            for runtime in ("PYTHON_3_13", "NODE_22"):
                try:
                    entry_point = source_entry_point(None, runtime, packed.names(), packed.text)
                except ArtifactBuildError:
                    continue
                assert all(1 <= len(part) <= 128 for part in entry_point)


def _check_packed(packed: PackedSource) -> None:
    """What is packed can be unpacked anywhere: plain files with relative names, each once."""
    with zipfile.ZipFile(packed.file) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    packed.file.seek(0)
    assert len(set(names)) == len(names)
    for name in names:
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert name.isprintable() or name.encode()


def publish(body: bytes) -> None:
    request = parse_request(PACKAGE)
    assert request.artifact.package is not None
    clients: Any = SimpleNamespace(s3=Bucket(body))
    record = publish_package(clients, SETTINGS, request, request.artifact.package)
    assert record.published
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert "main.py" in {name.removeprefix("./") for name in archive.namelist()}


@tries(few=24, full=1_200)
@given(zips(), st.sampled_from(["container", "code"]))
@example(Zip([Entry(b"\xff\xfe", flags=0x800)]).body(), "container")
@example(Zip([Entry(b"/etc/passwd")]).body(), "container")
@example(Zip([Entry(b"../x")]).body(), "code")
@example(Zip([Entry(b"a", mode=0o120777)]).body(), "code")
@example(Zip([Entry(b"a", mode=0o060600)]).body(), "code")
@example(Zip([Entry(flags=1)]).body(), "code")
@example(Zip([Entry(method=14)]).body(), "code")
@example(Zip([Entry(said=1)]).body(), "code")
@example(Zip([Entry(said=2**32 - 1)]).body(), "code")
@example(Zip([Entry(packed_said=2**31)]).body(), "code")
@example(Zip([Entry(), Entry()]).body(), "code")
@example(Zip([Entry(b"a"), Entry(b"a/b")]).body(), "code")
@example(Zip([Entry(b"\xed\xa0\x80", flags=0x800)]).body(), "code")
@example(Zip([Entry(b"package.json", b'{"a":' * 5000)]).body(), "code")
@example(Zip(ending=Ending(zip64=True)).body(), "code")
@example(Zip(ending=Ending(zip64=True, count=2**40, size=2**62)).body(), "code")
@example(Zip(ending=Ending(comment=b"PK\5\6" * 9)).body(), "code")
@example(Zip([]).body(), "code")
@example(b"", "code")
def test_sources(body: bytes, kind: Literal["container", "code"]) -> None:
    check(lambda: pack(body, kind))


@tries(few=20, full=1_000)
@given(zips())
@example(Zip([Entry(b"main.py"), Entry(b"bin/opentelemetry-instrument", b"#!/x\n")]).body())
@example(Zip([Entry(b"\xff", flags=0x800)]).body())
@example(Zip([Entry(b"main.py", offset=4)]).body())
@example(Zip([Entry(b"main.py", local_name=b"other")]).body())
@example(Zip([Entry(b"bin/opentelemetry-instrument", crc=0), Entry()]).body())
def test_packages(body: bytes) -> None:
    check(lambda: publish(body))


@tries(few=1, full=40)
@given(
    st.sampled_from([1, 10, 40]),
    st.sampled_from([1_000_000, 4_000_000]),
    st.sampled_from([None, 0, 100]),
)
def test_bombs(files: int, each: int, said: int | None) -> None:
    body = bomb(files, each, said)
    check(lambda: pack(body, "container"))
    check(lambda: publish(body))


@tries(few=1, full=5)
@given(st.sampled_from([100_000, 4_000_000]))
def test_entries_that_lie_over_each_other(size: int) -> None:
    body = overlapping(10, size)
    check(lambda: pack(body, "container"))


def test_a_directory_of_any_size_is_not_read_at_once() -> None:
    many = Zip([Entry(b"x" * 65_000, b"", comment=b"y" * 65_000) for _ in range(130)]).body()
    check(lambda: pack(many, "container"))


def test_a_plain_zip_is_packed() -> None:
    # Without this, code that refuses everything would pass.
    with pack_object(Bucket(Zip().body()), SOURCE, "container") as packed:
        assert packed.names() == {"main.py"}
