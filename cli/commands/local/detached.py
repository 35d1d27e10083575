"""Starts a local AWS in the background, and waits until it is up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer
from rich.console import Console

from cli.display.lines import print_prose
from cli.display.narrow import print_command
from cli.display.variables import exports
from cli.errors import INTERRUPTED, StartError
from cli.invocation import this_command
from cli.target.state_folder import folder_of_up, state_dir_option

if TYPE_CHECKING:
    from local.emulator.running import RunningAws

OPTIONS = ("-d", "--detach")
_SECONDS = 180.0
_POLL_SECONDS = 0.1


def start_detached(
    words: Sequence[str], state_dir: Path | None, out: Console, err: Console
) -> None:
    """Start `lifecycle local up` in a process of its own that outlives the terminal, and print its variables.

    Args:
        words: The command line after `lifecycle`, with the option that led here.
        state_dir: The option `--state-dir`.
        out: Where the variables go.
        err: Where to say the rest.

    Raises:
        StartError: It is not up in time.
        typer.Exit: It ended. Its error is printed, and the exit status is its own.
    """
    folder = folder_of_up(state_dir)
    kept = [word for word in words if word not in OPTIONS]
    # Nobody would see the address of its console, which has the token.
    command = [sys.executable, "-m", "cli.main", *kept, "--no-console"]
    # The file has no name, so nothing is left of it; the log has its place in the state folder.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            with err.status("Starting a local AWS from template.yaml"):
                running = _wait(process, folder, said)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            err.print("Interrupted. The local AWS did not start.")
            raise typer.Exit(INTERRUPTED) from None
    out.print(exports(running.environment()), soft_wrap=True)
    print_prose(
        err,
        f"up at {running.endpoint_url} in the background (process {running.pid}); its log: {folder}/logs/embedded.log",
        "green",
    )
    what = (
        "keeps its environments" if "--keep-state" in words else "deletes every environment in it"
    )
    print_prose(err, f"To stop it, which {what}:")
    print_command(err, f"{this_command()} local down{state_dir_option(state_dir)}")
    print_prose(err, "Its console:")
    print_command(err, f"{this_command()} console --local{state_dir_option(state_dir)}")


def _wait(process: subprocess.Popen[bytes], folder: Path, said: IO[str]) -> RunningAws:
    from local.emulator.running import find_running

    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        ended = process.poll()
        if ended is not None:
            said.seek(0)
            sys.stderr.write(said.read())
            raise typer.Exit(ended or 1)
        # It writes the file that this looks for when its stack is deployed.
        running = find_running(folder)
        if running is not None and running.pid == process.pid:
            return running
        time.sleep(_POLL_SECONDS)
    process.terminate()
    process.wait()
    raise StartError(f"the local AWS is not up after {_SECONDS:.0f} s, and was stopped")
