"""The texts of the pages, by key, in each language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = {"en": "English", "ja": "日本語"}
"""Each language that the pages speak, by its tag (BCP 47), with its own name."""
DEFAULT = "en"

_FOLDER = Path(__file__).parent


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


@cache
def texts(language: str) -> Texts:
    """Read the texts in a language of `LANGUAGES`."""
    files = sorted(_FOLDER.glob(f"*{language}.toml"))
    tables = (tomllib.loads(file.read_text("utf-8")) for file in files)
    return Texts(language, {key: text for table in tables for key, text in _flat(table)})


def chosen(cookie: str | None, accepted: str | None) -> str:
    """Choose the language of a page.

    Args:
        cookie: What the reader has switched to.
        accepted: The header Accept-Language; its order counts, not its weights, as browsers send the best first.
    """
    wanted = [cookie, *(part.partition(";")[0].strip() for part in (accepted or "").split(","))]
    tags = ((tag or "").partition("-")[0].lower() for tag in wanted)
    return next((tag for tag in tags if tag in LANGUAGES), DEFAULT)


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
