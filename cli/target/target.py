"""What a command works on: a state machine, and how to reach it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.execution.step_functions import StepFunctions

if TYPE_CHECKING:
    from cli.target.deployed import Deployed

MACHINE_OUTPUT = "StateMachineArn"
"""The output of the stack that holds the ARN of the lifecycle's state machine."""
FLEET_OUTPUT = "FleetStateMachineArn"
"""The output of the stack that holds the ARN of the fleet's state machine."""


@dataclass(frozen=True)
class Target:
    """A state machine that a command can start.

    Attributes:
        label: Name of the place, for messages.
        stepfunctions: boto3 client for `stepfunctions`.
        machine_arn: ARN of the lifecycle's state machine.
        lasting: Whether what an execution creates still exists after the command ends.
        options: The options of `lifecycle run` that select the same target again.
        aws: What to type in a shell to call the AWS CLI on the same target.
    """

    label: str
    stepfunctions: StepFunctions
    machine_arn: str
    lasting: bool = True
    options: str = "--local"
    aws: str = "aws"


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
