"""Writes `application/vnd.amazon.eventstream` messages.

A message is: total length, header length, CRC-32 of these eight bytes, headers, payload, CRC-32 of all
before it; numbers are big-endian and unsigned (AWS event stream encoding; botocore's `eventstream.py`
is the reader).
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Write one message.

    Args:
        headers: Names (at most 255 bytes) and texts (at most 65,535 bytes).
        payload: The body.

    Returns:
        The message's bytes.
    """
    packed = b"".join(
        struct.pack("!B", len(name.encode()))
        + name.encode()
        + struct.pack("!BH", _STRING, len(text.encode()))
        + text.encode()
        for name, text in headers.items()
    )
    # Prelude (12 bytes), headers, payload, closing CRC (4 bytes).
    prelude = struct.pack("!II", 16 + len(packed) + len(payload), len(packed))
    message = prelude + struct.pack("!I", crc32(prelude)) + packed + payload
    return message + struct.pack("!I", crc32(message))


def event(name: str, payload: bytes) -> bytes:
    """Write one event with a JSON payload, as services of the rest-json protocol send it.

    Args:
        name: The member of the output's event stream shape, such as `messageStart`.
        payload: JSON.

    Returns:
        The message's bytes.
    """
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return encode(headers, payload)
