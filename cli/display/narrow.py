"""Prints text, facts and tables on a terminal of any width: no word is cut, and a command stays one that can be pasted.

In files and pipes nothing is folded, so that each line can be copied and grepped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cli.display.lines import Cell, longest_word, print_facts, print_table

_INDENT = "  "
_CONTINUED = " \\"
_GAP = 2
# A word of a shell: what is quoted in it holds its blanks together.
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""")
# Japanese and Chinese may be folded after each character.
_PIECE = re.compile(r"(\s*)([\u2e80-\u9fff\uff00-\uff60]|[^\s\u2e80-\u9fff\uff00-\uff60]+)")


def print_sentence(console: Console, text: Cell) -> None:
    """Print a sentence; on a terminal it is folded between words, and no word is cut."""
    whole = Text.assemble(text)
    starts = _line_starts(whole.plain, console.width) if console.is_terminal else ()
    for line in whole.divide(starts):
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_command(console: Console, command: str) -> None:
    """Print a command, indented; one that is wider than a terminal goes on in further lines, as a shell takes it."""
    for line in command_lines(command, console.width if console.is_terminal else None):
        console.print(f"{_INDENT}{line}", soft_wrap=True)


def print_step(console: Console, sentence: Cell, command: str | None = None) -> None:
    """Print a sentence and the command that it leads to: in one line if there is room, else in lines of their own."""
    text = Text.assemble(sentence)
    whole = text if command is None else Text.assemble(text, " ", command)
    if command is None or not console.is_terminal or whole.cell_len <= console.width:
        print_sentence(console, whole)
        return
    print_sentence(console, text)
    print_command(console, command)


def command_lines(command: str, width: int | None) -> list[str]:
    r"""Return the lines of a command: each but the last ends with `\`, and is broken between words.

    Args:
        command: One line, as a shell takes it.
        width: Columns that it may take, its indentation included; `None` for any number.
    """
    if width is None or cell_len(command) <= width - len(_INDENT):
        return [command]
    room = width - len(_INDENT) - len(_CONTINUED)
    lines: list[str] = []
    for word in _WORD.findall(command):
        # Further lines are indented once more.
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= room:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(f"{_INDENT if lines else ''}{word}")
    return [*(f"{line}{_CONTINUED}" for line in lines[:-1]), lines[-1]]


def print_named(console: Console, facts: Iterable[tuple[Cell, str]]) -> None:
    """Print names and values, as `cli.display.lines.print_facts` does; on a terminal a value is folded between words.

    A value with a word that has no room beside the names stands below its name.
    """
    known = list(facts)
    if not console.is_terminal:
        print_facts(console, known)
        return
    labels = [
        (Text(name, "dim") if isinstance(name, str) else name, value) for name, value in known
    ]
    column = max((label.cell_len for label, _ in labels), default=0) + _GAP
    for name, value in labels:
        room = console.width - column
        beside = longest_word([value]) <= room
        indent = column if beside else len(_INDENT)
        lines = _wrapped(value, console.width - indent)
        first = lines.pop(0) if beside and lines else ""
        label = Text.assemble(name, " " * (column - name.cell_len if first else 0), first)
        console.print(label, soft_wrap=True)
        for line in lines:
            console.print(f"{' ' * indent}{line}", soft_wrap=True)


def print_rows(
    console: Console,
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    right: Collection[str] = (),
    fold: Collection[str] = (),
) -> None:
    """Print a table, and leave out the columns that are empty; without room for it, print each row as facts.

    Args:
        console: Where to print.
        heads: The columns' headings.
        rows: The cells.
        right: Headings of the columns that are right-aligned.
        fold: Headings of the columns that may be folded between words.
    """
    table = [[Text.assemble(cell) for cell in row] for row in rows]
    used = [place for place in range(len(heads)) if any(row[place].plain for row in table)]
    shown = [heads[place] for place in used]
    cells = [[row[place] for place in used] for row in table]
    if not console.is_terminal or _least(shown, cells, fold) <= console.width:
        print_table(console, shown, cells, right=right, fold=fold)
        return
    for number, row in enumerate(cells):
        if number:
            console.print()
        print_named(console, [(h, c.plain) for h, c in zip(shown, row, strict=True) if c.plain])


def _least(heads: Sequence[str], rows: Sequence[Sequence[Text]], fold: Collection[str]) -> int:
    """Return how many columns a table takes at least."""
    widths = []
    for place, head in enumerate(heads):
        texts = [head, *(row[place].plain for row in rows)]
        widths.append(
            max(longest_word([text]) if head in fold else cell_len(text) for text in texts)
        )
    return sum(widths) + _GAP * (len(widths) - 1)


def _line_starts(text: str, width: int) -> list[int]:
    """Return the places at which a folded line begins, apart from the first."""
    starts, column = [], 0
    for found in _PIECE.finditer(text):
        gap, word = found.groups()
        if "\n" in gap:
            column = 0
        elif column and column + cell_len(gap + word) > width:
            starts.append(found.start(2))
            column = 0
        column += cell_len(gap + word) if column else cell_len(word)
    return starts


def _wrapped(value: str, width: int) -> list[str]:
    lines: list[str] = []
    for part in value.splitlines():
        current = ""
        for word in part.split():
            if current and cell_len(current) + 1 + cell_len(word) > width:
                lines.append(current)
                current = word
            else:
                current = f"{current} {word}".lstrip()
        lines.append(current)
    return lines
