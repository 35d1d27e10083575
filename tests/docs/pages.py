"""The pages of the documentation, and the parts of a page that tests look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

NAMES = (
    "README.md",
    "tutorial.md",
    "deploying.md",
    "command-line.md",
    "console.md",
    "inputs.md",
    "outputs.md",
    "reports.md",
    "cost.md",
    "calling.md",
    "asking.md",
    "canary.md",
    "gateway.md",
    "gateway-mcp.md",
    "gateway-test.md",
    "agents.md",
    "credentials.md",
    "mcp.md",
    "dev.md",
    "errors.md",
    "runbook.md",
    "fleets.md",
    "operations.md",
    "deleting.md",
    "security.md",
    "local.md",
    "sam-local.md",
    "local-differences.md",
    "prove.md",
    "reliability.md",
)
"""The pages for users below `docs/` and `docs/ja/`, the index first, the others in the order of reading."""

ENGLISH = ("README.md", *(f"docs/{name}" for name in NAMES))
JAPANESE = ("README.ja.md", *(f"docs/ja/{name}" for name in NAMES))
PAIRS = tuple(zip(ENGLISH, JAPANESE, strict=True))


def text_of(page: str) -> str:
    """The text of a file, by its path from the root of the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose_of(page: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```\n", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def code_in(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def headings_of(page: str) -> list[tuple[int, str]]:
    """Level and text of each heading."""
    return [(len(m[1]), m[2]) for m in re.finditer(r"^(#+) (.+)$", prose_of(page), re.MULTILINE)]


def anchors_of(page: str) -> list[str]:
    """The anchor that GitHub makes of each heading."""
    return [re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for _, text in headings_of(page)]


def commands_of(page: str) -> list[str]:
    """The blocks of commands, without comments and the indentation of a list."""
    blocks = re.finditer(r"^( *)```console\n(.*?)^\1```$", text_of(page), re.MULTILINE | re.DOTALL)
    return [
        re.sub(r" +# .*$", "", re.sub(f"^{m[1]}", "", m[2], flags=re.MULTILINE), flags=re.MULTILINE)
        for m in blocks
    ]


def cells_of(lines: list[str]) -> list[list[str]]:
    """The rows of a table, its head and its rule left out."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
        if line.startswith("|")
    ][2:]


@dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes:
        head: The texts of its head.
        rows: Its rows.
    """

    head: list[str]
    rows: list[list[str]]


def tables_of(page: str) -> list[Table]:
    """Every table, in order."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", prose_of(page), re.MULTILINE):
        lines = block.splitlines()
        (head,) = cells_of(["|", "|", lines[0]])
        found.append(Table(head, cells_of(lines)))
    return found


def input_rows(page: str, name: str) -> list[list[str]]:
    """The rows of an input table, by the name in its markers."""
    found = re.search(rf"<!-- {name}\b[^>]*-->\n(.*?)<!-- /{name} -->", text_of(page), re.DOTALL)
    assert found is not None, f"{page} has no table {name}"
    return cells_of(found[1].splitlines())


def output_rows(page: str, first: str) -> dict[str, str]:
    """The table of two columns that begins with a field: what is said of each, fields named in it included."""
    (rows,) = (
        table.rows
        for table in tables_of(page)
        if len(table.head) == 2 and table.rows[0][0].startswith(f"`{first}`")
    )
    return {field: f"{names} {text}" for names, text in rows for field in code_in(names)}
