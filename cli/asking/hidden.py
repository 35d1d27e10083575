"""Keeps the caller's token and password out of what is printed, also where an agent repeats them."""

from __future__ import annotations

import json
from collections.abc import Iterable

_MARK = "(hidden)"


class Hidden:
    """Replaces secrets in a text that comes in pieces.

    Args:
        secrets: The texts that must not be shown, also as JSON writes them.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        plain = {secret for secret in secrets if secret}
        # The longest first, because one may be a part of another.
        self._secrets = sorted(
            plain | {json.dumps(secret)[1:-1] for secret in plain}, key=len, reverse=True
        )
        self._held = ""

    def __call__(self, text: str) -> str:
        """Return a whole text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _MARK)
        return text

    def add(self, piece: str) -> str:
        """Add a piece; returns what may be shown by now. The beginning of what may be a secret is held back."""
        text = self(self._held + piece)
        keep = max((_overlap(text, secret) for secret in self._secrets), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """Return what was held back, when no more pieces come."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of a text are the beginning of a secret."""
    longest = min(len(text), len(secret) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(secret[:size])), 0)
