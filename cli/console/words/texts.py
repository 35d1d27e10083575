"""The texts of the pages, by key, in each language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cli.texts import DEFAULT, LANGUAGES, Texts, read_texts

__all__ = ["DEFAULT", "LANGUAGES", "Texts", "chosen", "texts"]

_FOLDER = Path(__file__).parent


@cache
def texts(language: str) -> Texts:
    """Read the texts in a language of `LANGUAGES`."""
    return read_texts(_FOLDER, language)


def chosen(cookie: str | None, accepted: str | None) -> str:
    """Choose the language of a page.

    Args:
        cookie: What the reader has switched to.
        accepted: The header Accept-Language; its order counts, not its weights, as browsers send the best first.
    """
    wanted = [cookie, *(part.partition(";")[0].strip() for part in (accepted or "").split(","))]
    tags = ((tag or "").partition("-")[0].lower() for tag in wanted)
    return next((tag for tag in tags if tag in LANGUAGES), DEFAULT)
