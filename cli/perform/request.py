"""Performs one action on an environment that exists."""

from __future__ import annotations

from typing import Any

import typer

from cli.display.lines import print_prose
from cli.environments.record import read_record
from cli.errors import FAILED
from cli.inputs import validate
from cli.perform.ending import show_end
from cli.perform.execution import execute
from cli.streams import Streams
from cli.target.denied import DeniedError
from cli.target.deployed import Deployed, lifecycle_of


def check(place: Deployed, value: dict[str, Any]) -> bool:
    """Check an action before its execution starts.

    Args:
        place: The stack.
        value: The input, with an environment.

    Returns:
        Whether the environment was looked up.

    Raises:
        UsageError: The input is wrong, or there is no such environment.
    """
    validate(value)
    try:
        read_record(place, value["environment"])
    except DeniedError:
        # Who may start executions need not read the table; the execution's first state checks the same.
        return False
    return True


def perform(
    place: Deployed, value: dict[str, Any], *, as_json: bool, again: str | None = None
) -> None:
    """Start an execution, follow it, and show how it ended.

    Args:
        place: The stack.
        value: The input, with an environment.
        as_json: Print only the output object to standard output.
        again: For a dry run, the command that does what it says.

    Raises:
        UsageError: The input is wrong, or there is no such environment.
        typer.Exit: The execution failed, or the user pressed Ctrl-C.
    """
    looked_up = check(place, value)
    streams = Streams.for_output(as_json=as_json)
    environment = value["environment"]
    if not looked_up:
        print_prose(
            streams.errors,
            "Your credentials may not read the environments table, so the execution looks the environment up.",
            "dim",
        )
    target = lifecycle_of(place)
    result = execute(target, value, streams.progress, environment=environment)
    show_end(result, target, streams, as_json=as_json, again=again)
    if not result.succeeded:
        raise typer.Exit(FAILED)
