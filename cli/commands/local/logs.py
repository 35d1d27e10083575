"""`lifecycle local logs`, `calls` and `delays`: look into the embedded AWS while it is up."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.local.up import running_api
from cli.display.lines import print_table
from cli.inputs import UsageError
from cli.options import StateDir, parse_delays
from cli.streams import INTERRUPTED, console

_FOLLOW_SECONDS = 0.5


def logs(
    function: Annotated[
        str, typer.Argument(help="The function's logical id, such as CheckRuntimeFunction.")
    ],
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
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
        # The way to end it: nothing is to be said.
        raise typer.Exit(INTERRUPTED) from None


def log_file(state_dir: Path, stack: str, function: str) -> Path:
    """Return the file in which the embedded AWS keeps a function's log.

    Args:
        state_dir: The embedded AWS's state folder.
        stack: The stack's name; CloudFormation names a function `{stack}-{logical id}-{random}`.
        function: The function's logical id, or its whole name.

    Raises:
        UsageError: It has logged nothing; the message names those that have.
    """
    found = {
        file.stem.removeprefix(f"{stack}-").rpartition("-")[0]: file
        for file in sorted((state_dir / "logs" / "functions").glob("*.log"))
    }
    whole = {file.stem: file for file in found.values()}
    if function not in found and function not in whole:
        raise UsageError(f"no log of {function}; there are: {', '.join(found) or 'none yet'}")
    return found.get(function) or whole[function]


def calls(
    *,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation.")] = None,
    caller: Annotated[
        str | None, typer.Option(help="Only of this caller: a function's logical id, root, …")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    state_dir: StateDir = None,
) -> None:
    """List the calls that reached the embedded AWS: who called what, and how it ended."""
    found = running_api(state_dir).calls(service=service, operation=operation, caller=caller)
    out = console()
    if as_json:
        for call in found:
            out.print(json.dumps(call), soft_wrap=True)
        return
    rows = [
        (
            f"{datetime.fromtimestamp(call['at']).astimezone():%H:%M:%S.%f}"[:-3],
            call["caller"] or "",
            call["service"],
            call["operation"] or "?",
            "" if call["status"] is None else str(call["status"]),
        )
        for call in found
    ]
    print_table(out, ("time", "caller", "service", "operation", "status"), rows)


def delays(
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=SECONDS", help="Such as create=1.")
    ] = None,
    *,
    state_dir: StateDir = None,
) -> None:
    """Show how long AgentCore takes, in seconds, and change it."""
    changed = parse_delays(changes, option="")
    for name, seconds in running_api(state_dir).delays(changed).items():
        console().print(f"{name}={seconds:g}")
