"""The edit loop: a round at the start, and one for each save, until Ctrl-C."""

from __future__ import annotations

import time
from typing import NoReturn, Protocol

from cli.dev.round import Outcome
from cli.dev.watcher import Saved


class Rounds(Protocol):
    """Performs rounds."""

    def run(self, outcome: Outcome) -> None:
        """Perform one, and note how it ended."""


class Watched(Protocol):
    """Tells of saves."""

    def wait(self, seconds: float | None = None) -> Saved | None:
        """Wait for one."""


class Shown(Protocol):
    """Shows rounds."""

    def begin(self, outcome: Outcome) -> None:
        """A round begins."""

    def end(self, outcome: Outcome) -> None:
        """A round has ended."""


def edit_loop(rounds: Rounds, watched: Watched, shown: Shown) -> NoReturn:
    """Perform a round now, and one after each save. What is saved during a round leads to one more round after it.

    Args:
        rounds: Performs them. A round that fails does not end the loop.
        watched: Tells of saves.
        shown: Shows them.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
    """
    outcome = Outcome(time.monotonic())
    while True:
        shown.begin(outcome)
        rounds.run(outcome)
        shown.end(outcome)
        saved = watched.wait()
        while saved is None:
            saved = watched.wait()
        outcome = Outcome(saved.at, saved.names)
