"""`lifecycle local logs`: print what a function of the local AWS has logged."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import INTERRUPTED, UsageError
from cli.options import StateDir
from cli.streams import console
from cli.target.running import running_api

_FOLLOW_SECONDS = 0.5


def logs(
    function: Annotated[
        str, typer.Argument(help="The function's logical id, such as CheckRuntimeFunction.")
    ],
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait for more lines until Ctrl-C.")
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Print what a function has logged."""
    health = running_api(state_dir).health()
    file = log_file(Path(health["stateDir"]), health["stackName"], function)
    out = console()
    try:
        with file.open(encoding="utf-8") as lines:
            while True:
                for line in lines:
                    out.print(line.rstrip("\n"), soft_wrap=True)
                if not follow:
                    return
                time.sleep(_FOLLOW_SECONDS)
    except KeyboardInterrupt:
        # Ctrl-C is the normal way to end it, so there is no message.
        raise typer.Exit(INTERRUPTED) from None


def log_file(state_dir: Path, stack: str, function: str) -> Path:
    """Return the file with the log of a function.

    Args:
        state_dir: The local AWS's state folder.
        stack: The stack's name; CloudFormation names a function `{stack}-{logical id}-{random}`.
        function: The function's logical id, or its whole name.

    Raises:
        UsageError: The function has no log. The message lists the functions that have one.
    """
    found = {
        file.stem.removeprefix(f"{stack}-").rpartition("-")[0]: file
        for file in sorted((state_dir / "logs" / "functions").glob("*.log"))
    }
    whole = {file.stem: file for file in found.values()}
    if function not in found and function not in whole:
        raise UsageError(
            f"there is no log of {function}; functions with a log: {', '.join(found) or 'none yet'}"
        )
    return found.get(function) or whole[function]
