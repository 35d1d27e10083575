"""Keep the caller's tokens and passwords out of what the smoke test shows.

An agent that gets a token can hide it in its answer in a way that nobody recognises. What is recognised here is each
common form: a text with one of them is withheld, also if it only might have one.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote

WITHHELD = "(withheld: it contains the caller's token or password)"

# So many characters of a secret in a row are a part of it, not chance.
_CHUNK = 16
# A shorter secret is hidden, and a text with its letters is withheld; its other forms are too short to tell.
_SHORTEST = 4
_SHORTEST_FORM = 8
# A secret in many short pieces: that so many pieces of a short stretch of it are in a text is not chance either.
_PIECE = 4
_STRETCH = 24
_MOST_PIECES = 5
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrtbf])")
_SIGNS = re.compile(r"[^0-9a-zA-Z]")


class Redaction:
    """Hides secrets.

    Args:
        secrets: The texts that must not be shown.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]
        self._chunks = {chunk for secret in self._secrets for chunk in _chunks_of(secret)}
        self._lengths = {len(chunk) for chunk in self._chunks}
        self._pieces = [_pieces(_plain(secret)) for secret in self._secrets]

    def __call__(self, text: str) -> str:
        """Return the text; each secret is `(hidden)`, and a text with a secret in another form is `WITHHELD`.

        Other forms: wrapped or split by anything; in another case, backwards, in other characters of Unicode; escaped
        for JSON, URLs or HTML; in Base64 (also twice), Base32, hexadecimal, octal or decimal; or a part of at least 16
        letters and digits, or of at least 24 in pieces of about 4 or more.
        """
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        if any(self._has_part(plain) for plain in _readings(text)):
            return WITHHELD
        return text

    def _has_part(self, plain: str) -> bool:
        for length in self._lengths:
            if any(
                plain[start : start + length] in self._chunks
                for start in range(len(plain) - length + 1)
            ):
                return True
        there = set(_pieces(plain))
        return any(_in_pieces(pieces, there) for pieces in self._pieces)


def _readings(text: str) -> set[str]:
    """What a text says if its escapes are read, and if they are not, without signs and case."""
    found = {text}
    for read in (_unescaped, unquote, html.unescape):
        # An escape may be escaped.
        found |= {again for one in found for again in (read(one), read(read(one)))}
    return {_plain(one) for one in found}


def _unescaped(text: str) -> str:
    def character(escape: re.Match[str]) -> str:
        code = escape[1] or escape[2]
        return chr(int(code, 16)) if code else ""

    return _ESCAPE.sub(character, text)


def _plain(text: str) -> str:
    return _SIGNS.sub("", unicodedata.normalize("NFKD", text)).casefold()


def _pieces(plain: str) -> list[str]:
    return [plain[start : start + _PIECE] for start in range(len(plain) - _PIECE + 1)]


def _in_pieces(pieces: list[str], there: set[str]) -> bool:
    """Whether a text has many pieces of one stretch of a secret."""
    hits = [piece in there for piece in pieces]
    width = _STRETCH - _PIECE + 1
    if len(hits) < width:
        return False
    return any(
        sum(hits[start : start + width]) >= _MOST_PIECES for start in range(len(hits) - width + 1)
    )


def _chunks_of(secret: str) -> Iterator[str]:
    for form in _forms(secret):
        plain = _plain(form)
        shortest = _SHORTEST if form == secret else _SHORTEST_FORM
        for way in (plain, plain[::-1]):
            if len(way) >= _CHUNK:
                yield from (way[start : start + _CHUNK] for start in range(len(way) - _CHUNK + 1))
            elif len(way) >= shortest:
                yield way


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode(errors="replace")
    yield secret
    yield data.hex()
    yield "".join(f"{byte:o}" for byte in data)
    yield "".join(f"{byte:03o}" for byte in data)
    yield "".join(map(str, data))
    for once in _shifted(data, base64.b64encode, 3, 4):
        yield once
        yield from _shifted(once.encode(), base64.b64encode, 3, 4)
    yield from _shifted(data, base64.b32encode, 5, 8)


def _shifted(
    data: bytes, encode: Callable[[bytes], bytes], group: int, characters: int
) -> Iterator[str]:
    """Each form that an encoding gives, which depends on where in a group of bytes the data begins.

    The ends are left out, because they depend on what is beside the data.
    """
    for shift in range(group):
        yield encode(b"\0" * shift + data).decode()[characters:-characters]
