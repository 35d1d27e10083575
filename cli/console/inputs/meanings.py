"""What the fields are for, in the reader's language: in English from the model, in Japanese from the documentation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from cli.console.inputs.fields import Field
from cli.console.words.texts import Texts

_PAGES = Path(__file__).resolve().parents[3] / "docs"
_ROW = re.compile(r"^\| `([\w.]+)` \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
_TABLES = tuple(
    (page, outer, re.compile(rf"<!-- {table}\b.*?<!-- /{table} -->", re.DOTALL))
    for page, outer, table in (
        ("inputs.md", "", "inputs"),
        ("gateway-mcp.md", "gateway.", "gateway"),
    )
)
"""The pages with a table of fields, what comes before a field's name in the input, and the table with its markers."""
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_CODE = re.compile(r"`([^`]*)`")


def allowed_of(field: Field, words: Texts) -> str:
    """Return what is allowed for a field."""
    return _translated(words.language).get(field.path, (field.allowed, ""))[0]


def meaning_of(field: Field, words: Texts) -> Markup:
    """Return what a field is for, as HTML."""
    given = _translated(words.language).get(field.path)
    text = given[1] if given else words.known(f"start.member.{field.name}", field.meaning)
    if words.language == "ja" and not text.endswith("。"):
        # A cell of a table has no full stop at its end; here more follows.
        text += "。"
    # A plain string: the parts of a `Markup` would be escaped once more.
    plain = str(escape(_LINK.sub(r"\1", text)))
    return Markup(_CODE.sub(r"<code>\1</code>", plain))  # noqa: S704 - escaped above


@cache
def _translated(language: str) -> dict[str, tuple[str, str]]:
    """Return what is allowed and the meaning by field, out of the tables of the pages in that language."""
    found: dict[str, tuple[str, str]] = {}
    for name, outer, table in _TABLES:
        page = _PAGES / language / name
        if not page.exists():
            return {}
        text = table.search(page.read_text("utf-8"))
        for path, allowed, _, meaning in _ROW.findall(text[0] if text else ""):
            cells = (allowed.replace(r"\|", "|"), meaning.replace(r"\|", "|"))
            found.setdefault(outer + path, cells)
    return found
