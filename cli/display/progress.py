"""Shows an execution while it runs: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from cli.display.narrow import print_sentence
from cli.execution.timeline import Change, Moment, Outcome, Stage, Timeline, payload_of

_NAME_WIDTH = 26
_PLAIN_HEARTBEAT = 10.0
_MARKS = {
    Outcome.DONE: ("✓", "green"),
    Outcome.FAILED: ("✗", "bold red"),
    Outcome.ABORTED: ("■", "yellow"),
    Outcome.RUNNING: ("…", "dim"),
}


class Progress(AbstractContextManager["Progress"], Protocol):
    """Receives what `cli.execution.follow.follow` finds."""

    def tell(self, timeline: Timeline, moments: list[Moment]) -> None:
        """Show the new moments."""

    def note(self, text: str | None) -> None:
        """Show a line about the whole execution; `None` for none."""


def progress_on(console: Console) -> Progress:
    """Return the kind of progress that the console can show."""
    live = console.is_terminal and not console.is_dumb_terminal and not os.environ.get("CI")
    return LiveProgress(console) if live else PlainProgress(console)


def finished_line(stage: Stage, now: datetime) -> Text:
    """Return the line of a stage that has ended: mark, name, seconds, then rounds, retries and failure if any."""
    mark, style = _MARKS[stage.outcome]
    line = Text.assemble((f"{mark} ", style), f"{stage.state:<{_NAME_WIDTH}}")
    line.append(f"{max(stage.seconds(now), 0):7.1f} s", "cyan")
    if stage.rounds > 1:
        line.append(f"  {stage.rounds} rounds", "dim")
    if stage.retries:
        line.append(f"  {stage.retries} {'retry' if stage.retries == 1 else 'retries'}", "yellow")
    if stage.outcome is Outcome.FAILED and stage.failure:
        line.append(f"\n    {stage.failure.error}: {stage.failure.reason}", "red")
    elif stage.outcome is Outcome.ABORTED:
        line.append("  stopped", "yellow")
    return line


def running_text(stage: Stage, now: datetime) -> Text:
    """Return the line of a stage that still runs: name, seconds, round, status."""
    line = Text(f"{stage.state:<{_NAME_WIDTH}}")
    line.append(f"{max(stage.seconds(now), 0):7.1f} s", "cyan")
    if stage.rounds > 1 or stage.waiting_since:
        line.append(f"  round {stage.rounds}", "dim")
    if status := _status(stage):
        line.append(f"  {status}", "cyan")
    if stage.waiting_since:
        line.append("  waiting", "dim")
    return line


def _status(stage: Stage) -> str:
    """Return the status that the last round reported, such as CREATING; empty if none."""
    payload = payload_of(stage.result)
    status = payload.get("status") if isinstance(payload, dict) else None
    return status if isinstance(status, str) else ""


def _retry_line(stage: Stage) -> Text:
    why = f"{stage.failure.error}: {stage.failure.reason}" if stage.failure else "an error"
    return Text(f"↻ {stage.state}: retry after {why}", "yellow")


class PlainProgress:
    """Prints a line when a stage ends or is retried, and every 10 s for a stage that still runs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: dict[int, datetime] = {}
        self._note: tuple[str | None, datetime | None] = (None, None)

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""

    def tell(self, timeline: Timeline, moments: list[Moment]) -> None:
        """Print the new moments."""
        now = datetime.now(UTC)
        for moment in moments:
            if moment.change is Change.ENDED:
                self._print(finished_line(moment.stage, now))
            elif moment.change is Change.RETRYING:
                self._print(_retry_line(moment.stage))
        for stage in timeline.running:
            last = self._told.setdefault(id(stage), stage.started)
            if (now - last).total_seconds() >= _PLAIN_HEARTBEAT:
                self._told[id(stage)] = now
                self._print(Text.assemble(("… ", "dim"), running_text(stage, now)))

    def note(self, text: str | None) -> None:
        """Print a line that is new, at most every 10 s."""
        last, at = self._note
        now = datetime.now(UTC)
        if text in (None, last) or (at and (now - at).total_seconds() < _PLAIN_HEARTBEAT):
            return
        self._note = (text, now)
        self._print(Text.assemble(("… ", "dim"), text or ""))

    def _print(self, line: Text) -> None:
        print_sentence(self._console, line)


class LiveProgress:
    """Prints a line for each stage that ends, and redraws the running stages below several times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinners: dict[int, Spinner] = {}
        self._noting = Spinner("dots", style="cyan")
        self._running: list[Stage] = []
        self._note: str | None = None
        self._live = Live(
            console=console,
            get_renderable=self._picture,
            refresh_per_second=10,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Start drawing."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing, and remove the lines of running stages."""
        self._running, self._note = [], None
        self._live.stop()

    def tell(self, timeline: Timeline, moments: list[Moment]) -> None:
        """Print the stages that have ended; the timer redraws the others."""
        self._running = timeline.running
        now = datetime.now(UTC)
        for moment in moments:
            if moment.change is Change.ENDED:
                print_sentence(self._console, finished_line(moment.stage, now))
            elif moment.change is Change.RETRYING:
                print_sentence(self._console, _retry_line(moment.stage))

    def note(self, text: str | None) -> None:
        """Show a line below the running stages; it stays until the next one."""
        self._note = text

    def _picture(self) -> RenderableType:
        now = datetime.now(UTC)
        rows: list[RenderableType] = []
        for stage in self._running:
            spinner = self._spinners.setdefault(id(stage), Spinner("dots", style="cyan"))
            spinner.update(text=running_text(stage, now))
            rows.append(spinner)
        if self._note:
            rows.append(self._noting)
            self._noting.update(text=self._note)
        return Group(*rows)
