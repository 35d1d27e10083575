"""Small state machines and calls for the canaries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/r"
_machines = iter(range(1000))


def code_of(call: Callable[..., Any], **parameters: Any) -> str | None:
    """Return the code of the error that a call ends with, `None` after a success."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def machine(states: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    name = f"m{next(_machines)}"
    made = boto3.client("stepfunctions").create_state_machine(
        name=name, definition=definition, roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def run(states: dict[str, Any], **start: Any) -> dict[str, Any]:
    client = boto3.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine(states), **start)["executionArn"]
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.02)
    return dict(found)


def begin(arn: str) -> None:
    """Wait until an execution has begun, which in moto it has not at once."""
    client = boto3.client("stepfunctions")
    while not client.get_execution_history(executionArn=arn)["events"]:
        time.sleep(0.01)


def passing(value: dict[str, Any]) -> dict[str, Any]:
    return {"P": {"Type": "Pass", "Parameters": value, "End": True}}
