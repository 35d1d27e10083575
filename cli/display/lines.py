"""Prints facts and tables whose lines users copy and grep: never cut, no trailing blanks.

Each is one line, except in a table that is wider than a terminal. Rich's own tables fold lines in files, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cli.display.writer import fold, is_printable

Cell = str | Text
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_GAP = "  "


def print_prose(console: Console, text: str, style: str = "") -> None:
    """Print sentences: a terminal folds them between words. A line that begins with blanks is a command, one line."""
    for line in text.splitlines():
        is_command = line.startswith("  ") or not console.is_terminal
        folded = line if is_command else fold(line, console.width)
        console.print(folded, style=style, soft_wrap=True)


def print_entry(console: Console, when: str, source: str, text: str) -> None:
    """Print a log line with its time and source; a terminal folds it between words, and a pipe gets it as it is."""
    if console.is_terminal:
        head = len(when) + len(source) + 2 * len(_GAP)
        text = fold(f"{' ' * head}{text}", console.width, _GAP)[head:]
    line = Text.assemble((when, "dim"), _GAP, (source, "cyan"), _GAP, text)
    console.print(line, soft_wrap=True)


def plain(text: str) -> str:
    """Return a text without the control characters that could change a terminal, such as colours of a build's log."""
    shown = _ESCAPES.sub("", text).expandtabs(4)
    return "".join(sign for sign in shown if sign == "\n" or is_printable(sign))


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
    fold: Collection[str] = (),
) -> None:
    """Print a table: a line of headings, then one line a row.

    Args:
        console: Where to print.
        heads: The columns' headings.
        rows: The cells; a line break in one becomes a blank.
        right: Headings of the columns that are right-aligned.
        fold: Headings of the columns that are folded between words if a terminal is too narrow. Files and pipes
            always get one line a row.
    """
    table: list[list[Cell]] = [[Text(head, "bold") for head in heads]]
    table += [[_one_line(cell) for cell in row] for row in rows]

    def places(names: Collection[str]) -> list[int]:
        return [place for place, head in enumerate(heads) if head in names]

    _print(console, table, right=places(right), fold=places(fold))


def _print(
    console: Console,
    rows: Sequence[Sequence[Cell]],
    *,
    right: Collection[int] = (),
    fold: Collection[int] = (),
) -> None:
    texts = [[Text.assemble(cell) for cell in row] for row in rows]
    columns = list(zip(*texts, strict=True))
    widths = [max(cell.cell_len for cell in column) for column in columns]
    if console.is_terminal:
        least = {place: longest_word(cell.plain for cell in columns[place]) for place in fold}
        _shrink(widths, least, console.width - len(_GAP) * (len(widths) - 1))
    for row in texts:
        for line_of_cells in _folded(console, row, widths):
            for place, (cell, width) in enumerate(zip(line_of_cells, widths, strict=True)):
                cell.align("right" if place in right else "left", width)
            line = Text(_GAP).join(line_of_cells)
            line.rstrip()
            console.print(line, soft_wrap=True)


def _shrink(widths: list[int], least: dict[int, int], space: int) -> None:
    """Narrow the widest columns until the table fits into the space, but none below its longest word."""
    while sum(widths) > space:
        narrower = [place for place, minimum in least.items() if widths[place] > minimum]
        if not narrower:
            return
        widths[max(narrower, key=lambda place: widths[place])] -= 1


def longest_word(texts: Iterable[str]) -> int:
    """Return how many columns the longest word of some texts takes."""
    return max((cell_len(word) for text in texts for word in text.split()), default=0)


def _folded(console: Console, row: list[Text], widths: list[int]) -> Iterator[list[Text]]:
    """Return the lines of a row; a cell that fits its column has one."""
    cells = [
        [cell] if cell.cell_len <= width else list(cell.wrap(console, width))
        for cell, width in zip(row, widths, strict=True)
    ]
    for line in zip_longest(*cells):
        yield [part or Text() for part in line]


def _one_line(cell: Cell) -> Cell:
    return cell if isinstance(cell, Text) else " ".join(cell.split())
