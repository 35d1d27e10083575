"""Writes the table of the open questions into docs/local.md from `local.readings`, between its two markers.

`python docs/readings_table.py` writes it. With `--check` it changes nothing and exits with status 1 if it is stale. The
Japanese page has the same names and values; a test compares them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from local.readings import READINGS

PAGE = Path(__file__).parent / "local.md"
BEGIN, END = "<!-- readings: made by docs/readings_table.py -->\n", "<!-- /readings -->"


def table() -> str:
    """The table in Markdown."""
    lines = ["| reading | question | values | source |", "|---|---|---|---|"]
    for reading in READINGS:
        values = ", ".join(f"`{value}`" for value in reading.values)
        lines.append(f"| `{reading.name}` | {reading.question} | {values} | {reading.source} |")
    return "\n".join(lines) + "\n"


def renewed(text: str) -> str:
    """Return the page with its table made anew.

    Raises:
        ValueError: The page has no such markers, or has them more than once.
    """
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the table, or check it; returns the exit status."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = renewed(text)
    if "--check" not in arguments:
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        sys.stderr.write("docs/local.md: the table is stale; run python docs/readings_table.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
