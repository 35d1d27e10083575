"""What a command works on: a state machine, and how to reach it again."""

from __future__ import annotations

from dataclasses import dataclass

from cli.execution.step_functions import StepFunctions

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
