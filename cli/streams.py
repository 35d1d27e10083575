"""Where the command writes what."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Self

from rich.console import Console

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and SIGINT."""

_WIDTH_OF_A_FILE = 160


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither guesses at markup nor at highlights, 160 wide where nothing says how wide."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else _WIDTH_OF_A_FILE
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


@dataclass(frozen=True)
class Streams:
    """The consoles of one command: the result, how it goes on the way, and errors."""

    result: Console
    progress: Console
    errors: Console

    @classmethod
    def for_output(cls, *, as_json: bool) -> Self:
        """With JSON on standard output, progress goes to standard error."""
        errors = console(stderr=True)
        result = console()
        return cls(result=result, progress=errors if as_json else result, errors=errors)
