"""`lifecycle teardown`: remove an environment."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.environments.argument import Environment
from cli.invocation import hint
from cli.options import AsJson, Local, Stack, StateDir
from cli.perform.request import perform
from cli.target.deployed import deployed


def teardown(
    environment: Environment,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be removed, and remove nothing.")
    ] = False,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Remove an environment with everything in it, what is live included.

    Exit status: 0 succeeded, 1 failed, 2 bad usage or no such environment, 130 interrupted.
    """
    place = deployed(stack, local=local, state_dir=state_dir)
    value = {"action": "teardown", "environment": environment, "dryRun": dry_run}
    perform(place, value, as_json=as_json, again=hint("teardown", place.options, environment))
