"""What the JSON object of a report says in English, in the language of the page."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from cli.texts import Texts, read_texts

_FOLDER = Path(__file__).parent
_VALUE = re.compile(r"\{(\w+)\}")


@cache
def words(language: str) -> Texts:
    """Read the page's own texts in a language of `cli.texts.LANGUAGES`."""
    return read_texts(_FOLDER, language)


def said(text: Any, language: str) -> Any:
    """Return a text of the report in a language.

    Args:
        text: The text; anything else is returned as it is.
        language: A language of `cli.texts.LANGUAGES`.

    Returns:
        The text itself where nothing is known for it: ids, addresses, and what AWS or the agent wrote.
    """
    if not isinstance(text, str):
        return text
    for pattern, other in _sentences(language):
        if found := pattern.fullmatch(text):
            values = {name: said(value, language) for name, value in found.groupdict().items()}
            return other.format(**values)
    return text


@cache
def _sentences(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    known = tomllib.loads((_FOLDER / "said.toml").read_text("utf-8")).get(language, {})
    return tuple((_pattern(english), other) for english, other in known.items())


def _pattern(english: str) -> re.Pattern[str]:
    pieces = _VALUE.split(english)
    # Every second piece is the name of a value.
    parts = [
        f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
    ]
    return re.compile("".join(parts), re.DOTALL)
