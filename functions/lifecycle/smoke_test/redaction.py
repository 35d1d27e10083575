"""Keep the caller's tokens and passwords out of what the smoke test shows."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

WITHHELD = "(withheld: it contains the caller's token or password)"

# So many characters of a secret in a row are a part of it, not chance.
_CHUNK = 16
_SHORTEST = 8
_ESCAPES = re.compile(r"\\(?:[nrtbf]|u[0-9a-fA-F]{4})|[^0-9a-zA-Z]")


class Redaction:
    """Hides secrets.

    Args:
        secrets: The texts that must not be shown.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]
        self._chunks = {chunk for secret in self._secrets for chunk in _chunks_of(secret)}

    def __call__(self, text: str) -> str:
        """Return the text; each secret is `(hidden)`, and a text with a secret in another form is `WITHHELD`.

        Other forms: wrapped or split by white space and signs, in another case, in Base64 or hexadecimal, or a part
        of at least 16 letters and digits.
        """
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        plain = _plain(text)
        lengths = {len(chunk) for chunk in self._chunks}
        for length in lengths:
            if any(
                plain[start : start + length] in self._chunks
                for start in range(len(plain) - length + 1)
            ):
                return WITHHELD
        return text


def _plain(text: str) -> str:
    return _ESCAPES.sub("", text).casefold()


def _chunks_of(secret: str) -> Iterator[str]:
    data = secret.encode(errors="replace")
    # Base64 depends on where in a group of three bytes the secret begins; the ends depend on what is beside it.
    shifted = (base64.b64encode(b"\0" * shift + data).decode()[4:-4] for shift in range(3))
    for form in (secret, data.hex(), *shifted):
        plain = _plain(form)
        if len(plain) >= _CHUNK:
            yield from (plain[start : start + _CHUNK] for start in range(len(plain) - _CHUNK + 1))
        elif len(plain) >= _SHORTEST:
            yield plain
