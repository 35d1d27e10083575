"""Smithy RPC v2 CBOR as far as it has to be told from JSON: who speaks it, and how an error is written in it.

Botocore reads and writes the protocol itself; what it keeps to itself is the writing of answers.
Sources: Smithy 2.0, "Smithy RPC v2 CBOR protocol"; RFC 8949.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from botocore.parsers import ResponseParserError, create_parser
from werkzeug import Request, Response

_READER = create_parser("smithy-rpc-v2-cbor")
_SHORT, _MAP, _TEXT_16 = 23, 0xA0, 0x79


def is_cbor(request: Request) -> bool:
    """Say whether a request is written in the protocol, and wants its answer so."""
    return request.headers.get("Smithy-Protocol") == "rpc-v2-cbor"


def cbor_value(body: bytes) -> Any:
    """Read a body; an empty one is an empty map.

    Raises:
        ValueError: It cannot be read.
    """
    try:
        return _READER.parse_data_item(_READER.get_peekable_stream_from_bytes(body or b"\xa0"))
    except (ResponseParserError, LookupError, TypeError, struct.error) as error:
        raise ValueError(str(error)) from error


def text_map(texts: Mapping[str, str]) -> bytes:
    """Write a map of texts.

    Args:
        texts: At most 23 pairs; each text has at most 65535 bytes in UTF-8, and is cut there.
    """
    if len(texts) > _SHORT:
        raise ValueError(f"{len(texts)} pairs: the short form has room for {_SHORT}")
    written = bytearray([_MAP + len(texts)])
    for text in (part for pair in texts.items() for part in pair):
        data = text.encode()[:0xFFFF].decode(errors="ignore").encode()
        written += bytes([_TEXT_16]) + len(data).to_bytes(2, "big") + data
    return bytes(written)


def response(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    """Return an answer with the protocol's own headers beside the given ones."""
    own = {"smithy-protocol": "rpc-v2-cbor", **headers}
    return Response(body, status, own, content_type="application/cbor")
