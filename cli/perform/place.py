"""Where a command works: a stack in AWS or the running local AWS, as the target of executions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.errors import UsageError
from cli.target.deployed import Deployed
from cli.target.local import local_target
from cli.target.stack import stack_target
from cli.target.target import MACHINE_OUTPUT, Target

FLEET_OUTPUT = "FleetStateMachineArn"
"""The output of the stack that holds the ARN of the fleet's state machine."""


def lifecycle_of(place: Deployed) -> Target:
    """Return the lifecycle's state machine of a stack. A call that AWS denies raises `DeniedError`."""
    return _target(place, MACHINE_OUTPUT)


def fleet_of(place: Deployed) -> Target:
    """Return the fleet's state machine of a stack. A call that AWS denies raises `DeniedError`."""
    return _target(place, FLEET_OUTPUT)


def _target(place: Deployed, output: str) -> Target:
    return Target(
        label=place.label,
        stepfunctions=place.client("stepfunctions"),
        machine_arn=place.output(output),
        options=place.options,
        aws=place.aws,
    )


@contextmanager
def any_target(
    stack: str | None, *, local: bool, state_dir: Path | None, console: Console
) -> Iterator[Target]:
    """Use a stack in AWS, the local AWS that is running, or one that is started for this command only.

    Args:
        stack: The option `--stack`.
        local: The option `--local`.
        state_dir: The option `--state-dir`.
        console: Where to say that a local AWS starts.

    Raises:
        UsageError: Options that exclude each other, or there is no such stack.
        StartError: The local AWS cannot start.
    """
    if stack is None:
        with local_target({}, state_dir=state_dir, console=console) as target:
            yield target
        return
    if local:
        raise UsageError("use either --local or --stack, not both")
    if state_dir is not None:
        raise UsageError("--state-dir is for the local AWS, not for --stack")
    yield stack_target(stack)
