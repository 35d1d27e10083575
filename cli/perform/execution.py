"""Starts an execution and follows it to its end; Ctrl-C leaves it running and says what to do."""

from __future__ import annotations

import json
import secrets
import shlex
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console

from cli.display.lines import print_prose
from cli.display.narrow import print_command
from cli.display.progress import progress_on
from cli.errors import INTERRUPTED
from cli.execution.follow import Result, follow
from cli.execution.timeline import Moment, Timeline
from cli.invocation import this_command
from cli.perform.fleet_progress import FleetProgress
from cli.streams import console
from cli.target.target import Target


def execution_name() -> str:
    """Return a new name, such as `cli-20261123-023905-4f2a9c`: unique, and sorted by time."""
    return f"cli-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def execute(
    target: Target,
    value: dict[str, Any],
    out: Console,
    *,
    environment: str | None,
    fleet: str | None = None,
) -> Result:
    """Start an execution and follow it.

    Args:
        target: Which state machine.
        value: The input.
        out: Where to show the progress.
        environment: What a teardown would have to remove after Ctrl-C; `None` for nothing.
        fleet: What the fleet does, such as `verify`, if it is an execution of the fleet.

    Returns:
        How it ended.

    Raises:
        typer.Exit: The user pressed Ctrl-C. What to do is printed.
    """
    arn = start(target, value)
    return follow_to_end(target, arn, out, environment=environment, fleet=fleet)


def start(target: Target, value: dict[str, Any]) -> str:
    """Start an execution, and return its ARN.

    Args:
        target: Which state machine.
        value: The input.
    """
    arn: str = target.stepfunctions.start_execution(
        stateMachineArn=target.machine_arn,
        name=execution_name(),
        input=json.dumps(value, ensure_ascii=False),
    )["executionArn"]
    return arn


def follow_to_end(
    target: Target, arn: str, out: Console, *, environment: str | None, fleet: str | None = None
) -> Result:
    """Follow an execution that was started.

    Args:
        target: Where it runs.
        arn: Its ARN.
        out: Where to show the progress.
        environment: As for `execute`.
        fleet: As for `execute`.

    Returns:
        How it ended.

    Raises:
        typer.Exit: The user pressed Ctrl-C. What to do is printed.
    """
    try:
        out.print(f"{arn}\non {target.label}", style="dim", soft_wrap=True)
        watch = FleetProgress(target.place, arn, fleet) if fleet and target.place else None
        with progress_on(out) as progress:

            def tell(timeline: Timeline, moments: list[Moment]) -> None:
                progress.tell(timeline, moments)
                if watch is not None and timeline.ended is None:
                    progress.note(watch(timeline))

            return follow(target.stepfunctions, arn, tell)
    except KeyboardInterrupt:
        _interrupted(target, arn, environment)
        raise typer.Exit(INTERRUPTED) from None


def _interrupted(target: Target, arn: str, environment: str | None) -> None:
    err = console(stderr=True)
    if not target.lasting:
        target.stepfunctions.stop_execution(executionArn=arn, cause="interrupted by the user")
        print_prose(err, "Stopped. The local AWS of this run is gone with everything in it.")
        return
    name = shlex.quote(arn.rpartition(":")[2])
    print_prose(err, f"Interrupted. The execution continues on {target.label}.")
    steps = [("follow it again", f"follow {target.options} {name}")]
    steps.append(("stop it", f"stop {target.options} {name}"))
    if environment is not None:
        steps.append(
            ("remove the environment after that", f"teardown {target.options} {environment}")
        )
    for what, command in steps:
        print_prose(err, f"To {what}:")
        print_command(err, f"{this_command()} {command}")
