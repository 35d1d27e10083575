"""Says which environments a stop of the local AWS would delete, before it stops."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from cli.display.lines import print_prose
from cli.environments.table import EnvironmentsTable
from cli.errors import CommandError
from cli.target.deployed import of_running
from cli.target.running import running_aws

SECONDS = 5.0
"""How long a second Ctrl-C counts as the answer to the question."""
_MOST = 5
_WAKE_SECONDS = 0.1


def environments_in(state_dir: Path | None) -> list[str] | None:
    """Return the names of the environments in the local AWS of a state folder; `None` if it does not say."""
    try:
        table = EnvironmentsTable(of_running(running_aws(state_dir), state_dir))
        return sorted(table.names())
    except (CommandError, ClientError, BotoCoreError):
        # Injected faults are for every caller.
        return None


def warning(names: Sequence[str] | None) -> str:
    """Return what a stop would delete; empty if nothing."""
    if names is None:
        return "The local AWS does not say which environments it has. Stopping it deletes them."
    if not names:
        return ""
    count = f"{len(names)} environment{'' if len(names) == 1 else 's'}"
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"Stopping the local AWS deletes {count}: {', '.join(names[:_MOST])}{more}."


def stay_until_sure(
    stay: Callable[[], None],
    names: Callable[[], Sequence[str] | None],
    console: Console,
    *,
    seconds: float = SECONDS,
) -> None:
    """Stay until Ctrl-C; on a terminal, ask for a second one if environments would be lost.

    Args:
        stay: Returns never; Ctrl-C ends it with `KeyboardInterrupt`.
        names: Reads the names of the environments.
        console: Where to ask; nothing is asked if it, or the standard input, is no terminal.
        seconds: How long the second Ctrl-C is waited for. After that, the local AWS goes on.
    """
    while True:
        try:
            stay()
        except KeyboardInterrupt:
            lost = warning(names()) if console.is_terminal and sys.stdin.isatty() else ""
            if not lost or _again(lost, console, seconds):
                return
            print_prose(console, "The local AWS goes on.")


def _again(lost: str, console: Console, seconds: float) -> bool:
    """Ask, and return whether Ctrl-C is pressed again in time."""
    try:
        print_prose(
            console, f"\n{lost} Press Ctrl-C again within {seconds:.0f} s to stop it.", "yellow"
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(_WAKE_SECONDS)
    except KeyboardInterrupt:
        return True
    return False
