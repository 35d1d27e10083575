"""The files of a fleet: an array of any size is read object by object, however its bytes are cut."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lifecycle.fleet.files import objects

VALUES = [{"a": 'é "quoted", }{][ \\ \n'}, {"b": [1, {"c": None}]}, {}]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_array_is_read_however_it_is_cut(size: int, indent: int | None, count: int) -> None:
    body = json.dumps(VALUES[:count], ensure_ascii=False, indent=indent).encode()
    chunks = (body[begin : begin + size] for begin in range(0, len(body), size))
    assert list(objects(chunks)) == VALUES[:count]


def test_an_object_is_given_before_the_next_chunk_is_read() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'[{"n": 1}, {"n"'
        raise RuntimeError("the rest is read too early")

    found = objects(chunks())
    assert next(found) == {"n": 1}
    with pytest.raises(RuntimeError, match="too early"):
        next(found)


@pytest.mark.parametrize("text", ['[{"n": 1}', '[{"n": 1}, {"n"', '{"n": 1', "", "null", "[7]"])
def test_what_is_cut_or_no_array_of_objects_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a JSON array of objects, or cut"):
        list(objects([text.encode()]))
