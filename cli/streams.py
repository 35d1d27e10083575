"""The consoles that a command writes to."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Self

from rich.console import Console

_WIDTH_OF_A_FILE = 160


def console(*, stderr: bool = False) -> Console:
    """Return a console without markup and highlighting; 160 columns wide in a file, unless COLUMNS is set."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else _WIDTH_OF_A_FILE
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


@dataclass(frozen=True)
class Streams:
    """The consoles of one command: for its result, its progress, and its errors."""

    result: Console
    progress: Console
    errors: Console

    @classmethod
    def for_output(cls, *, as_json: bool) -> Self:
        """Return the consoles; with JSON on standard output, progress goes to standard error."""
        errors = console(stderr=True)
        result = console()
        return cls(result=result, progress=errors if as_json else result, errors=errors)
