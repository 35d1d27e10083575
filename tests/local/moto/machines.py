"""Runs small state machines in a local AWS whose one function is a Python callable."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from local.embedded import EmbeddedAws

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  AppFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code/, Handler: app.handler, Runtime: python3.13}
Outputs:
  FunctionName: {Value: !Ref AppFunction}
"""
MEETING, MEETING_SECONDS = threading.Barrier(2), 60
"""Two calls of the function with `meet` wait for each other."""
ROLE = "arn:aws:iam::123456789012:role/r"


class WrongError(Exception):
    """What the stand-in for the function raises."""


def app(event: Any) -> Any:
    """Stand in for the function: raise, be slow, wait for another call, or give the event back."""
    if isinstance(event, dict) and "raise" in event:
        raise WrongError(event["raise"])
    if isinstance(event, dict) and "slow" in event:
        time.sleep(event["slow"])
    if isinstance(event, dict) and "meet" in event:
        MEETING.wait(MEETING_SECONDS)
    return {"got": event, "nothing": None, "list": [1]}


class Machines:
    """Runs small state machines."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.client = aws.client("stepfunctions")
        self._count = 0

    def make(self, states: dict[str, Any], **more: Any) -> str:
        self._count += 1
        definition = {
            "QueryLanguage": "JSONata",
            "StartAt": next(iter(states)),
            "States": states,
            **more,
        }
        made = self.client.create_state_machine(
            name=f"m{self._count}", definition=json.dumps(definition), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def finish(self, arn: str) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while (found := self.client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution is stuck"
            time.sleep(0.02)
        return dict(found)

    def run(self, states: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
        arn = self.client.start_execution(
            stateMachineArn=self.make(states, **more), input=json.dumps(given or {})
        )["executionArn"]
        return self.finish(arn)

    def output(self, states: dict[str, Any], given: Any = None) -> Any:
        found = self.run(states, given)
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    def call(self, payload: Any, **more: Any) -> dict[str, Any]:
        """Return a Task that invokes the function."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": self.aws.outputs["FunctionName"], "Payload": payload},
            "End": True,
            **more,
        }


def passing(output: Any) -> dict[str, Any]:
    return {"P": {"Type": "Pass", "Output": output, "End": True}}
