"""Files of a fleet execution in the artifact bucket: what grows with the number of environments is kept in them."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lifecycle.entry import Wire

_CHUNK = 1024 * 1024
# What may stand before an object; it matches anywhere.
_GAP = re.compile(r"[\[, \t\r\n]*")


class Location(Wire):
    """An object in S3."""

    bucket: str
    key: str


def folder(execution: str) -> str:
    """The prefix of a fleet execution's files, such as `fleets/nightly`.

    Args:
        execution: The execution's ARN. Its name has no slash (API reference, StartExecution).
    """
    return f"fleets/{execution.rpartition(':')[2]}"


def write_list(s3: Any, location: Location, items: Iterable[Wire]) -> Location:
    """Write models as one JSON array, and return where it is."""
    body = ",\n".join(item.model_dump_json(by_alias=True) for item in items)
    return put_json(s3, location, f"[{body}]")


def put_json(s3: Any, location: Location, text: str) -> Location:
    """Write JSON, and return where it is."""
    s3.put_object(
        Bucket=location.bucket,
        Key=location.key,
        Body=text.encode(),
        ContentType="application/json",
    )
    return location


def read_json(s3: Any, location: Location) -> Any:
    """Read a JSON document that is known to be small."""
    return json.loads(s3.get_object(Bucket=location.bucket, Key=location.key)["Body"].read())


def read_list(s3: Any, location: Location) -> Iterator[Any]:
    """Read a JSON array of objects, one object at a time: the whole array may not fit into memory."""
    body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
    yield from objects(body.iter_chunks(_CHUNK))


def objects(chunks: Iterable[bytes]) -> Iterator[Any]:
    """Decode the objects of a JSON array that comes in pieces.

    Args:
        chunks: The array's bytes in UTF-8, cut anywhere.

    Returns:
        Each object as soon as it is complete.

    Raises:
        ValueError: This is not an array of objects, or it ends too early.
    """
    decoder, text, rest = json.JSONDecoder(), codecs.getincrementaldecoder("utf-8")(), ""
    for chunk in chunks:
        rest += text.decode(chunk)
        at = 0
        while rest.startswith("{", begin := _after_gap(rest, at)):
            try:
                value, at = decoder.raw_decode(rest, begin)
            except ValueError:
                break  # not complete yet
            yield value
        # Only here: to cut the text after each object would copy it each time.
        rest = rest[at:]
    if rest.strip(", \t\r\n") not in ("]", "[]"):
        raise ValueError(f"not a JSON array of objects, or cut: ends with {rest[-40:]!r}")


def _after_gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at
