"""Shows the rounds of the edit loop, for people or as JSON lines."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.dev.round import Outcome
from cli.display.lines import plain
from cli.display.narrow import print_sentence
from cli.streams import Streams

_MOST_NAMES = 3


class Display:
    """Shows rounds.

    Args:
        streams: Where to.
        as_json: Print one JSON object a line to standard output for each answer and each end of a round.
    """

    def __init__(self, streams: Streams, *, as_json: bool) -> None:
        self._streams = streams
        self._as_json = as_json

    def begin(self, outcome: Outcome) -> None:
        """Say what was saved."""
        if outcome.changed:
            self._say(Text.assemble((f"\n{_clock()} ", "dim"), f"{_named(outcome)} saved"))

    def answered(self, outcome: Outcome) -> None:
        """Show the answer."""
        if self._as_json:
            self._print(
                event="answer", answer=outcome.answer, seconds=round(outcome.answered or 0, 3)
            )
            return
        out = self._streams.result
        out.print()
        out.print(plain(outcome.answer or "(an empty answer)"), soft_wrap=not out.is_terminal)
        out.print()

    def end(self, outcome: Outcome) -> None:
        """Say how the round ended, and what it took."""
        if self._as_json:
            self._print(
                event="end",
                succeeded=outcome.failure is None,
                changed=list(outcome.changed),
                unchanged=outcome.unchanged,
                failure=outcome.failure,
                version=outcome.version,
                seconds=round(outcome.seconds, 3),
                stages={name: round(taken, 3) for name, taken in outcome.stages.items()},
            )
            return
        if outcome.unchanged:
            self._say(Text("The content is the same as before; nothing was done.", "dim"))
        elif outcome.failure is not None:
            self._say(Text(f"✗ {plain(outcome.failure)}", "red"))
            self._say(
                Text(f"Failed after {outcome.seconds:.1f} s. The loop goes on: save again.", "dim")
            )
        else:
            since = "saving" if outcome.changed else "the start"
            what = f"live serves version {outcome.version}, {outcome.seconds:.1f} s after {since}"
            if outcome.answered is not None:
                what = f"Answered {outcome.answered:.1f} s after {since}; {what}"
            self._say(Text.assemble(("✓ ", "green"), f"{what}."))

    def _say(self, text: Text) -> None:
        print_sentence(self._console, text)

    @property
    def _console(self) -> Console:
        return self._streams.progress

    def _print(self, **value: Any) -> None:
        self._streams.result.print(json.dumps(value, ensure_ascii=False), soft_wrap=True)
        self._streams.result.file.flush()


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S}"


def _named(outcome: Outcome) -> str:
    names = outcome.changed
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
