"""Canaries for `local/moto/stepfunctions/`: expressions, the interpreter and its tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.parser.asl.jsonata.jsonata as sfn_jsonata
from botocore.exceptions import EndpointConnectionError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

from tests.local.moto.canaries.machines import machine, passing, run


def jsonata() -> bool:
    return sfn_jsonata._eval_jsonata is None


def quoting() -> bool:
    return sfn_jsonata.encode_jsonata_variable_declarations({"$a": 'x"y'}) == '$a:="x"y";'


def redrive_count() -> bool:
    return "output" not in run(passing({"n.$": "$$.Execution.RedriveCount"}), name="n")


def retry_count() -> bool:
    return "output" not in run(passing({"n.$": "$$.State.RetryCount"}), name="n")


class Literal:
    """A string of a definition, as the parser has it."""

    def getText(self) -> str:  # noqa: N802 - antlr's name
        return json.dumps('a"b')


def escapes() -> bool:
    literal: Any = Literal()
    return Preprocessor._inner_string_of(literal) != 'a"b'


def states_errors() -> bool:
    """A Fail state with an error of Step Functions' own ends as something else."""
    states = {"A": {"Type": "Fail", "Error": "States.Timeout", "Cause": "late"}}
    return run(states).get("error") != "States.Timeout"


def lambda_faults() -> bool:
    """A call that never reached Lambda is named something that cannot be retried."""
    task: Any = StateTaskServiceLambda.__new__(StateTaskServiceLambda)
    history = SimpleNamespace(source_event_id=0)
    env: Any = SimpleNamespace(next_state_name="A", event_history_context=history)
    failure: Any = task._from_error(env, EndpointConnectionError(endpoint_url="http://localhost:1"))
    return bool(failure.error_name.error_name != "Lambda.SdkClientException")


def parameter_names() -> bool:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:listExecutions",
        "Parameters": {"StateMachineArn": machine(passing({}))},
        "End": True,
    }
    return "output" not in run({"T": task}, name="n")


def shared_clients() -> bool:
    return boto_client_for("us-east-1", "sqs") is not boto_client_for("us-east-1", "sqs")


CANARIES: list[Callable[[], bool]] = [
    jsonata,
    quoting,
    redrive_count,
    retry_count,
    escapes,
    states_errors,
    lambda_faults,
    parameter_names,
    shared_clients,
]
