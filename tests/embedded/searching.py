"""A search for secrets through whatever a run leaves: each place, how many bytes it has, and what was found there."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

# Three parts of base64url: whatever it is for, a token has no business where this looks.
_TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")
# But the description of a package in an image or a code zip may show one as an example, as PyJWT's does.
_DESCRIPTION = re.compile(
    r"(/site-packages|agentcore/code/[0-9a-f]{32})/[^/]+\.dist-info/METADATA$"
)


def forms(secret: str) -> set[bytes]:
    """A secret as it is, and in the encodings of URLs, forms, JSON, Python, hexadecimal and base64."""
    plain = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    plain |= {
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.encode().hex(),
    }
    found = {text.encode() for text in plain}
    # JSON inside JSON, up to three times.
    for ascii_only in (True, False):
        wrapped = secret
        for _ in range(3):
            wrapped = json.dumps(wrapped, ensure_ascii=ascii_only)[1:-1]
            found.add(wrapped.encode())
    for before in ("", "x", "xx"):
        # In base64 a text looks otherwise with each number of bytes before it; the ends depend on their neighbours.
        middle = base64.b64encode((before + secret).encode())[4 if before else 0 : -4]
        found |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")}
    return found


@dataclass
class Search:
    """What is looked for, and what was searched.

    Attributes:
        secrets: Each in every form.
        marks: Texts that must be found, so that a search of nothing finds nothing.
        searched: For each kind of place, how many there were and how many bytes they had.
        hits: Where a secret or a token was found.
        marked: The kinds of places where a mark was found.
    """

    secrets: set[bytes] = field(default_factory=set)
    marks: set[bytes] = field(default_factory=set)
    searched: dict[str, list[int]] = field(default_factory=dict)
    hits: list[str] = field(default_factory=list)
    marked: set[str] = field(default_factory=set)

    def look(self, kind: str, name: str, content: str | bytes) -> None:
        """Search one place."""
        data = content.encode() if isinstance(content, str) else content
        counted = self.searched.setdefault(kind, [0, 0])
        counted[0] += 1
        counted[1] += len(data)
        has_token = _TOKEN.search(data) and not _DESCRIPTION.search(name)
        if any(secret in data for secret in self.secrets) or has_token:
            self.hits.append(f"{kind}: {name}")
        if any(mark in data for mark in self.marks):
            self.marked.add(kind)

    def report(self) -> str:
        """The figures."""
        lines = [
            f"{kind}: places {places}, bytes {size}"
            for kind, (places, size) in sorted(self.searched.items())
        ]
        places, size = (sum(column) for column in zip(*self.searched.values(), strict=True))
        return "\n".join([*lines, f"secrets: places {places}, bytes {size}, hits {len(self.hits)}"])


def texts_of(value: Any) -> Iterator[str]:
    """Every text inside a value of JSON, and the value itself."""
    yield json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, str | dict | list):
                yield from texts_of(inner)


def files_below(folder: Path) -> Iterable[tuple[str, bytes]]:
    """The regular files below a folder, each with its content."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), path.read_bytes()
