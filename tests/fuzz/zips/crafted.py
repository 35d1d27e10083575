"""Zips by hand: sound ones, and ones that lie about themselves in every field that a reader may trust."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Draw = Callable[[SearchStrategy[Any]], Any]
_UTF8 = 0x800
_ENCRYPTED = 0x1
_STREAMED = 0x8
_KINDS = [0, 0o100644, 0o100755, 0o120777, 0o040755, 0o060600, 0o020600, 0o010600, 0o140777]


@dataclass(frozen=True)
class Entry:
    """A file in a zip, as its two headers describe it.

    Attributes:
        local_name: Its name in the local header; that of the directory if left out.
        said: The size that both headers say; the true one if left out.
        offset: Added to where the directory says that the file begins.
    """

    name: bytes = b"main.py"
    content: bytes = b"print(1)\n"
    flags: int = 0
    method: int = zipfile.ZIP_DEFLATED
    mode: int = 0o100644
    local_name: bytes | None = None
    said: int | None = None
    packed_said: int | None = None
    crc: int | None = None
    extra: bytes = b""
    offset: int = 0
    comment: bytes = b""


@dataclass(frozen=True)
class Ending:
    """What the end of the zip says about its directory; what is left out is true."""

    count: int | None = None
    size: int | None = None
    start: int | None = None
    comment: bytes = b""
    zip64: bool = False
    disk: int = 0
    before: bytes = b""


@dataclass(frozen=True)
class Zip:
    """A zip to make."""

    entries: list[Entry] = field(default_factory=lambda: [Entry()])
    ending: Ending = Ending()

    def body(self) -> bytes:
        """The zip's bytes."""
        out = io.BytesIO()
        out.write(self.ending.before)
        directory = bytearray()
        for entry in self.entries:
            begin = out.tell()
            packed = _packed(entry)
            sizes = (
                zlib.crc32(entry.content) if entry.crc is None else entry.crc,
                len(packed) if entry.packed_said is None else entry.packed_said,
                len(entry.content) if entry.said is None else entry.said,
            )
            name = entry.name if entry.local_name is None else entry.local_name
            head = (20, entry.flags, entry.method, 0, 33, *sizes)
            out.write(struct.pack("<4s5H3L2H", b"PK\3\4", *head, len(name), len(entry.extra)))
            out.write(name + entry.extra + packed)
            place = (begin + entry.offset) & 0xFFFFFFFF
            lengths = (len(entry.name), len(entry.extra), len(entry.comment))
            directory += struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 0x031E, *head, *lengths, 0, 0, entry.mode << 16, place
            )
            directory += entry.name + entry.extra + entry.comment
        return out.getvalue() + bytes(directory) + _end(self, out.tell(), len(directory))


def _packed(entry: Entry) -> bytes:
    if entry.method == zipfile.ZIP_DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(entry.content) + packer.flush()
    return entry.content


def _end(made: Zip, start: int, size: int) -> bytes:
    ending = made.ending
    count = len(made.entries) if ending.count is None else ending.count
    size = size if ending.size is None else ending.size
    first = start if ending.start is None else ending.start
    extra = b""
    if ending.zip64:
        numbers = (44, 45, 45, 0, 0, count, count, size, first)
        extra = struct.pack("<4sQ2H2L4Q", b"PK\6\6", *numbers)
        extra += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
        count, size, first = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    tail = struct.pack(
        "<4s4H2LH",
        b"PK\5\6",
        ending.disk,
        ending.disk,
        count & 0xFFFF,
        count & 0xFFFF,
        size & 0xFFFFFFFF,
        first & 0xFFFFFFFF,
        len(ending.comment) & 0xFFFF,
    )
    return extra + tail + ending.comment


NAMES = [
    b"main.py",
    b"requirements.txt",
    b"package.json",
    b"index.js",
    b"Dockerfile",
    b"bin/opentelemetry-instrument",
    b"a/b.py",
    b"./a//b.py",
    b"a/",
    b"a",
    b"",
    b".",
    b"..",
    b"/",
    b"/etc/passwd",
    b"../../x",
    b"C:\\x",
    b"a\\..\\b",
    b"a\0b",
    b"a\nb",
    b"\xff\xfe",
    "天気.py".encode(),
    "e\u0301.py".encode(),
    "\u202egpj.py".encode(),
    b"\xed\xa0\x80",
    b"x" * 256,
    b"d/" * 600 + b"x",
    b".env",
    b"key.pem",
    b"pyvenv.cfg",
    b"con",
]
_CONTENTS = [
    b"",
    b"print(1)\n",
    b'{"main": 1}',
    b'{"main": "' + b"x" * 300 + b'"}',
    b'{"a":' * 5000,
    b"aws-opentelemetry-distro\n",
    b"-----BEGIN CERTIFICATE-----\n",
    b"#!/build/python\n",
    b"\xff" * 100,
    b"0" * 3_000_000,
]
_SIZES = [None, None, None, 0, 1, 2**31, 2**32 - 1]
_EXTRAS = [
    b"",
    b"",
    struct.pack("<2H3Q", 1, 24, 2**60, 2**60, 0),
    struct.pack("<2HQ", 1, 8, 5),
    struct.pack("<2H", 1, 200),
    struct.pack("<2HB", 1, 1, 0),
    b"\x75\x70\x05\x00\x01\xff\xff\xff\xff",
    b"\x01",
]

_entries: SearchStrategy[Entry] = st.builds(
    Entry,
    name=st.one_of(st.sampled_from(NAMES), st.binary(max_size=12)),
    content=st.sampled_from(_CONTENTS),
    flags=st.sampled_from([0, 0, 0, _UTF8, _UTF8, _ENCRYPTED, _STREAMED, 0x40, 0x20, 0xFFFF]),
    method=st.sampled_from([8, 8, 8, 0, 0, 9, 12, 14, 93, 99]),
    mode=st.sampled_from(_KINDS),
    local_name=st.one_of(st.none(), st.none(), st.sampled_from(NAMES)),
    said=st.sampled_from(_SIZES),
    packed_said=st.sampled_from(_SIZES),
    crc=st.sampled_from([None, None, None, 0]),
    extra=st.sampled_from(_EXTRAS),
    offset=st.sampled_from([0, 0, 0, 0, -4, 4, -1000, 2**31]),
    comment=st.sampled_from([b"", b"", b"x" * 300]),
)
_plain: SearchStrategy[Entry] = st.builds(
    Entry, name=st.sampled_from(NAMES[:9]), content=st.sampled_from(_CONTENTS[:6])
)
_endings: SearchStrategy[Ending] = st.builds(
    Ending,
    count=st.sampled_from([None, None, None, 0, 1, 3, 65_535]),
    size=st.sampled_from([None, None, None, 0, 1, 46, 2**31, 2**62]),
    start=st.sampled_from([None, None, None, 0, 1, 2**31, 2**62]),
    comment=st.sampled_from([b"", b"", b"hello", b"PK\5\6" * 5, b"x" * 65_535]),
    zip64=st.sampled_from([False, False, True]),
    disk=st.sampled_from([0, 0, 0, 1]),
    before=st.sampled_from([b"", b"", b"#!/bin/sh\n", b"PK\3\4"]),
)


@st.composite
def zips(draw: Draw) -> bytes:
    """Zips, most of which have one or two faults; some are cut or have a byte changed."""
    entries = draw(st.lists(_plain, max_size=3))
    for entry in draw(st.lists(_entries, max_size=2)):
        entries.insert(draw(st.integers(0, len(entries))), entry)
    if draw(st.booleans()) and entries:
        entries.append(replace(draw(st.sampled_from(entries)), content=b"twice"))
    made = Zip(entries, draw(st.one_of(st.just(Ending()), _endings)))
    body = made.body()
    kind = draw(st.sampled_from(["whole"] * 5 + ["cut", "changed", "noise"]))
    if kind == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if kind == "changed" and body:
        place = draw(st.integers(max(0, len(body) - 300), len(body) - 1))
        changed: bytes = draw(st.binary(min_size=1, max_size=4))
        return body[:place] + changed + body[place + 1 :]
    if kind == "noise":
        noise: bytes = draw(st.binary(max_size=60))
        return noise
    return body


def bomb(files: int, each: int, said: int | None = None) -> bytes:
    """A zip of few bytes that unpacks to many: every entry is the same packed content."""
    content = b"\0" * each
    return Zip([Entry(f"f{number}".encode(), content, said=said) for number in range(files)]).body()


def overlapping(entries: int, size: int) -> bytes:
    """A zip whose directory names the same packed content many times (as in "a better zip bomb")."""
    first = Zip([Entry(b"f0", b"\0" * size)])
    body = first.body()
    head = body.index(b"PK\1\2")
    one = body[head : body.index(b"PK\5\6")]
    directory = b"".join(one.replace(b"f0", b"f%d" % number) for number in range(min(entries, 10)))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 10, 10, len(directory), head, 0)
    return body[:head] + directory + tail
