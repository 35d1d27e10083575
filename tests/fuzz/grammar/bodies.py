"""Bodies and headers of HTTP answers: JSON that is almost right, cut, doubled, badly encoded, or no JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz.grammar.mutation import with_doubles

Draw = Callable[[SearchStrategy[Any]], Any]
_TYPES = [
    b"application/json",
    b"application/json; charset=utf-16",
    b"text/event-stream",
    b"text/event-stream; charset=x",
    b"TEXT/EVENT-STREAM",
    b"text/plain",
    b"application/octet-stream",
    b"",
    b"\xff\xfe",
    b"a" * 5000,
]
_NAMES = [
    b"content-type",
    b"content-encoding",
    b"content-length",
    b"mcp-session-id",
    b"x-amzn-errortype",
    b"x-amzn-requestid",
    b"location",
    b"retry-after",
    b"set-cookie",
    b"www-authenticate",
]
_VALUES = [
    *_TYPES,
    b"gzip",
    b"br, gzip",
    b"0",
    b"-1",
    b"9999999999",
    b"s" * 33,
    b"s" * 300,
    b"AccessDeniedException:http://internal/",
    b"#",
    b"a#b:c",
    b"\xe6\x97\xa5",
    b"http://169.254.169.254/",
]

http_headers: SearchStrategy[list[tuple[bytes, bytes]]] = st.one_of(
    st.sampled_from(_TYPES).map(lambda kind: [(b"content-type", kind)]),
    st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES)), max_size=4),
)
"""Headers of an answer, as they stand on the wire."""


def bodies(documents: SearchStrategy[Any]) -> SearchStrategy[bytes]:
    """The documents as bodies, most of them whole."""

    @st.composite
    def body(draw: Draw) -> bytes:
        document = draw(documents)
        form = draw(st.sampled_from(["plain"] * 6 + ["doubled", "cut", "codec", "noise", "events"]))
        text = with_doubles(document) if form == "doubled" else json.dumps(document)
        if form == "codec":
            codec = draw(st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-7", "cp037"]))
            return text.encode(codec, errors="replace")
        whole: bytes = text.encode()
        if form == "cut":
            end: int = draw(st.integers(0, len(whole)))
            return whole[:end]
        if form == "noise":
            place = draw(st.integers(0, len(whole)))
            noise: bytes = draw(st.binary(max_size=8))
            return whole[:place] + noise + whole[place:]
        if form == "events":
            return as_events(draw, whole)
        return whole

    return body()


def as_events(draw: Draw, whole: bytes) -> bytes:
    """A body as server-sent events, with every kind of line that a stream may have."""
    end = draw(st.sampled_from([b"\n", b"\r", b"\r\n"]))
    lines = [b"data: " + line for line in whole.split(b"\n")]
    odd = st.sampled_from(
        [b": note", b"event: message", b"id: 1", b"data", b"retry: x", b"data:", b"x"]
    )
    before = draw(st.lists(odd, max_size=3))
    after = draw(st.lists(odd, max_size=2))
    stream: bytes = end.join([*before, *lines, b"", *after]) + end * draw(st.integers(0, 2))
    return stream
