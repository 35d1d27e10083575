"""What the benchmarks print: figures in columns, for a page and a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Figures in columns.

    Args:
        head: The columns' names; the first column has names, the others have figures.
        rows: The lines; a short one ends early.

    Returns:
        Lines of aligned text, without blanks at their ends.
    """
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=False))
        ).rstrip()
        for line in lines
    )
