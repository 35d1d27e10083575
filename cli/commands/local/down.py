"""`lifecycle local down`: stop the local AWS that is running."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Annotated

import typer

from cli.commands.local.leaving import environments_in, warning
from cli.display.lines import print_prose
from cli.errors import FAILED
from cli.keeping.session import keeps, notes_of, said
from cli.options import StateDir
from cli.streams import console
from cli.target.running import running_aws
from cli.target.state_folder import folder_of_up

_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.1


def down(
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, although environments would be lost.")
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Stop the local AWS that is running, with every environment in it, and wait until its process has ended.

    On a terminal, it first says which environments would be lost, and asks. One that was started with --keep-state
    keeps its environments for the next start.
    """
    running = running_aws(state_dir)
    folder = folder_of_up(state_dir)
    keeping = keeps(folder)
    if (
        not yes
        and not keeping
        and sys.stdin.isatty()
        and (lost := warning(environments_in(state_dir)))
    ):
        print_prose(console(stderr=True), lost, "yellow")
        typer.confirm("Stop it?", abort=True, err=True)
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _WAIT_SECONDS
    while _lives(running.pid):
        if time.monotonic() > deadline:
            message = f"process {running.pid} has not ended after {_WAIT_SECONDS:.0f} s"
            print_prose(console(stderr=True), message, "red")
            raise typer.Exit(FAILED)
        time.sleep(_POLL_SECONDS)
    console().print(f"stopped: {running.endpoint_url}", soft_wrap=True)
    if keeping and (names := notes_of(folder).names()):
        print_prose(console(stderr=True), said(names))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
