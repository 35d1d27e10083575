"""Texts in the languages that pages are written in: tables of texts by key, one file for each language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANGUAGES = {"en": "English", "ja": "日本語"}
"""Each language of the pages, by its tag (BCP 47), with its own name."""
DEFAULT = "en"


@dataclass(frozen=True)
class Texts:
    """The texts in one language.

    Attributes:
        language: Its tag.
        by_key: Each text by its key, such as `board.title`.
    """

    language: str
    by_key: dict[str, str]

    def __call__(self, key: str, **values: Any) -> str:
        """Return a text with its `{names}` replaced by values.

        Raises:
            KeyError: There is no such text.
        """
        text = self.by_key[key]
        return text.format(**values) if values else text

    def known(self, key: str, otherwise: str) -> str:
        """Return a text, or something else if there is none, such as for a state that a newer template has."""
        return self.by_key.get(key, otherwise)


def read_texts(folder: Path, language: str) -> Texts:
    """Read the texts in a language of `LANGUAGES`: all files of a folder whose names end in its tag and `.toml`."""
    files = sorted(folder.glob(f"*{language}.toml"))
    tables = (tomllib.loads(file.read_text("utf-8")) for file in files)
    return Texts(language, {key: text for table in tables for key, text in _flat(table)})


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
