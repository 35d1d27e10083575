"""What a command works on: a state machine, and how to reach it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cli.execution.step_functions import StepFunctions

MACHINE_OUTPUT = "StateMachineArn"
"""The output of the stack that holds the ARN of the lifecycle's state machine."""
FLEET_OUTPUT = "FleetStateMachineArn"
"""The output of the stack that holds the ARN of the fleet's state machine."""
BUCKET_OUTPUT = "ArtifactBucketName"
"""The output of the stack that holds the name of the artifact bucket."""


class Place(Protocol):
    """A deployed stack, as `cli.target.deployed.Deployed` is one."""

    @property
    def label(self) -> str:
        """Name of the place, for messages."""

    @property
    def options(self) -> str:
        """The options of a command that select the same stack again."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs, by name."""

    @property
    def endpoint_url(self) -> str | None:
        """The endpoint, if it is not AWS's own."""

    def client(self, service: str) -> Any:
        """Return a boto3 client with the caller's credentials."""


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
        place: The stack that the state machine is of; `None` if only the state machine is known.
    """

    label: str
    stepfunctions: StepFunctions
    machine_arn: str
    lasting: bool = True
    options: str = "--local"
    aws: str = "aws"
    place: Place | None = None
