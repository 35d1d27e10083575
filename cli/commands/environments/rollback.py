"""`lifecycle rollback`: switch `live` back to an earlier version."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.environments.argument import Environment
from cli.options import AsJson, Local, Stack, StateDir
from cli.perform.request import perform
from cli.target.deployed import deployed


def rollback(
    environment: Environment,
    *,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="The version to go back to; by default the one that was live before."
        ),
    ] = None,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Test an earlier version and, if it passes, switch live back to it.

    Exit status: 0 succeeded, 1 failed, 2 bad usage or no such environment, 130 interrupted.
    """
    place = deployed(stack, local=local, state_dir=state_dir)
    value = {"action": "rollback", "environment": environment}
    perform(place, value | ({"version": version} if version else {}), as_json=as_json)
