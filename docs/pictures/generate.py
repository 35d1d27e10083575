"""Draws the pictures of the documentation. Run as `python -m docs.pictures.generate [--check]` in the project's root.

With `--check` nothing is written: the exit status is 1 when a picture is not what would be drawn now.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cli.graph.definition import read
from cli.graph.wiring import draw
from docs.pictures import rooms, steps, svg

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent

MACHINES = {
    "lifecycle": "The state machine of the lifecycle: provision, prove, promote, remove",
    "fleet": "The state machine of the fleet: one lifecycle execution for each environment",
}
"""Name of the definition below `statemachine/`, and what its picture is called."""

STEPS = {"steps.svg": "en", "steps.ja.svg": "ja"}
"""The small picture of the five steps: its file, and the language of its words."""

_LEGEND = [
    ("task", "a function runs"),
    ("choice", "a decision"),
    ("wait", "a wait before the next poll"),
    ("wire error", "an error that outlasts its retries"),
]


def pictures() -> dict[Path, str]:
    """Draw every picture and return file and text of each."""
    machines = {
        FOLDER / f"{name}.svg": svg.write(
            draw(read(PROJECT / "statemachine" / f"{name}.asl.json")), title, _LEGEND
        )
        for name, title in MACHINES.items()
    }
    small = {FOLDER / file: steps.draw(language) for file, language in STEPS.items()}
    return machines | small | {FOLDER / "rooms.svg": rooms.draw()}


def main(arguments: list[str] | None = None) -> int:
    """Write the pictures, or check them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Draws the pictures of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if one is stale")
    check = parser.parse_args(arguments).check
    stale = [
        (file, text)
        for file, text in pictures().items()
        if not file.exists() or file.read_text("utf-8") != text
    ]
    for file, text in stale:
        if check:
            sys.stderr.write(f"{file.relative_to(PROJECT)} is stale: run make pictures\n")
        else:
            file.write_text(text, "utf-8")
            sys.stdout.write(f"drawn: {file.relative_to(PROJECT)}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
