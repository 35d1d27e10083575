"""What the CBOR writer writes, read by botocore."""

from __future__ import annotations

import pytest
from botocore.parsers import create_parser

from local.edge.cbor import text_map


def read(data: bytes) -> object:
    parser = create_parser("smithy-rpc-v2-cbor")
    found: object = parser.parse_data_item(parser.get_peekable_stream_from_bytes(data))
    return found


@pytest.mark.parametrize("text", ["", "plain", "天気", "x" * 70, "x" * 60_000])
def test_texts_are_read_as_they_were(text: str) -> None:
    assert read(text_map({"a": text, "ключ": "b"})) == {"a": text, "ключ": "b"}


def test_a_text_that_is_too_long_is_cut_between_characters() -> None:
    assert read(text_map({"a": "天" * 30_000})) == {"a": "天" * 21_845}
    assert read(text_map({"a": "x" + "天" * 30_000})) == {"a": "x" + "天" * 21_844}


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="24 pairs"):
        text_map({str(number): "" for number in range(24)})
