"""`lifecycle local delays`: show or change how long the local AgentCore takes."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import StateDir, parse_delays
from cli.streams import console
from cli.target.running import running_api


def delays(
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=SECONDS", help="Such as create=1.")
    ] = None,
    *,
    state_dir: StateDir = None,
) -> None:
    """Show how long the local AgentCore takes, in seconds, or change it."""
    changed = parse_delays(changes, option="")
    for name, seconds in running_api(state_dir).delays(changed).items():
        console().print(f"{name}={seconds:g}")
