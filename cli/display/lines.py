"""Prints facts and tables whose lines users copy and grep: one line each, never cut, no trailing blanks.

Rich's own tables fold a line that is wider than the terminal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.text import Text

Cell = str | Text
_GAP = "  "


def print_facts(console: Console, facts: Iterable[tuple[Cell, str]]) -> None:
    """Print one name and value a line; align further lines of a value below its first."""
    rows: list[Sequence[Cell]] = []
    for name, value in facts:
        first, *more = value.splitlines() or [""]
        label = Text(name, "dim") if isinstance(name, str) else name
        rows += [(label, first), *(("", line) for line in more)]
    _print(console, rows)


def print_table(
    console: Console,
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    right: Collection[str] = (),
) -> None:
    """Print a table: a line of headings, then one line a row.

    Args:
        console: Where to print.
        heads: The columns' headings.
        rows: The cells; a line break in one becomes a blank.
        right: Headings of the columns that are right-aligned.
    """
    table: list[list[Cell]] = [[Text(head, "bold") for head in heads]]
    table += [[_one_line(cell) for cell in row] for row in rows]
    _print(console, table, [place for place, head in enumerate(heads) if head in right])


def _print(console: Console, rows: Sequence[Sequence[Cell]], right: Collection[int] = ()) -> None:
    texts = [[Text.assemble(cell) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*texts, strict=True)]
    for row in texts:
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            cell.align("right" if place in right else "left", width)
        line = Text(_GAP).join(row)
        line.rstrip()
        console.print(line, soft_wrap=True)


def _one_line(cell: Cell) -> Cell:
    return cell if isinstance(cell, Text) else " ".join(cell.split())
