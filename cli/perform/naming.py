"""Finds an execution of a stack by its name or its ARN."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cli.errors import UsageError
from cli.invocation import this_command
from cli.target.denied import DeniedError
from cli.target.deployed import Deployed
from cli.target.target import FLEET_OUTPUT, MACHINE_OUTPUT

# The others are for a name that no execution can have, such as one that is too long.
_NONE_SUCH = ("ExecutionDoesNotExist", "InvalidArn", "ValidationException")


def describe(place: Deployed, client: Any, execution: str) -> dict[str, Any]:
    """Look an execution up.

    Args:
        place: The stack.
        client: boto3's `stepfunctions` client.
        execution: Its ARN, or its name: of an execution of the lifecycle, else of the fleet.

    Returns:
        What DescribeExecution returns.

    Raises:
        UsageError: There is no such execution, or it is of another stack.
        DeniedError: The caller may not describe executions.
    """
    for number, arn in enumerate(_candidates(place, execution)):
        try:
            found: dict[str, Any] = client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NONE_SUCH:
                raise
        except DeniedError:
            # Who may see the lifecycle's executions need not see those of the fleet.
            if number == 0:
                raise
        else:
            return found
    raise UsageError(
        f"there is no execution {execution} in {place.label}, or it ended more than 90 days ago; to list them: "
        f"{this_command()} executions {place.options}"
    )


def name_of(arn: str) -> str:
    """Return the name of an execution; its ARN is `arn:aws:states:region:account:execution:machine:name`."""
    return arn.rpartition(":")[2]


def is_of_fleet(place: Deployed, arn: str) -> bool:
    """Whether an execution is of the stack's fleet."""
    return FLEET_OUTPUT in place.outputs and _belongs(place.outputs[FLEET_OUTPUT], arn)


def _candidates(place: Deployed, execution: str) -> list[str]:
    machines = [
        place.outputs[name] for name in (MACHINE_OUTPUT, FLEET_OUTPUT) if name in place.outputs
    ]
    if not execution.startswith("arn:"):
        return [f"{_executions(machine)}:{execution}" for machine in machines]
    if any(_belongs(machine, execution) for machine in machines):
        return [execution]
    raise UsageError(
        f"{execution} is not an execution of {place.label}: give the stack that it is of"
    )


def _belongs(machine: str, arn: str) -> bool:
    # What a Distributed Map runs is `execution:machine/label:name`.
    return arn.startswith((f"{_executions(machine)}:", f"{_executions(machine)}/"))


def _executions(machine: str) -> str:
    return machine.replace(":stateMachine:", ":execution:", 1)
