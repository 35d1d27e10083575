"""Canaries for `local/moto/stepfunctions/executions.py`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from unittest import mock

import boto3
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_sfn,
)

from tests.local.moto.canaries.machines import begin, code_of, machine, passing, run


def execution_name() -> bool:
    return bool(json.loads(run(passing({"n.$": "$$.Execution.Name"}))["output"])["n"] is None)


def text_output() -> bool:
    states = {"P": {"Type": "Pass", "Result": "text", "End": True}}
    return bool(run(states, name="n")["output"] == "text")


def early_calls() -> bool:
    """Stop an execution before its thread has run at all."""
    client = boto3.client("stepfunctions")
    arn = machine(passing({}))
    with mock.patch("moto.stepfunctions.parser.backend.execution_worker.Thread"):
        started = client.start_execution(stateMachineArn=arn, name="n")["executionArn"]
    try:
        client.stop_execution(executionArn=started)
    except AttributeError:
        return True
    return False


def execution_events() -> bool:
    logs, events = boto3.client("logs"), boto3.client("events")
    logs.create_log_group(logGroupName="/ends")
    events.put_rule(Name="ends", EventPattern=json.dumps({"source": ["aws.states"]}))
    target = "arn:aws:logs:us-east-1:123456789012:log-group:/ends"
    events.put_targets(Rule="ends", Targets=[{"Id": "t", "Arn": target}])
    run(passing({}), name="n")
    return not logs.filter_log_events(logGroupName="/ends")["events"]


def history_pages() -> bool:
    arn = run(passing({}), name="n")["executionArn"]
    client = boto3.client("stepfunctions")
    return len(client.get_execution_history(executionArn=arn, maxResults=1)["events"]) > 1


def history_order() -> bool:
    arn = run(passing({}), name="n")["executionArn"]
    history = boto3.client("stepfunctions").get_execution_history(
        executionArn=arn, reverseOrder=True
    )
    return bool(history["events"][0]["type"] == "ExecutionStarted")


def stop_reason() -> bool:
    client = boto3.client("stepfunctions")
    waiting = machine({"W": {"Type": "Wait", "Seconds": 5, "End": True}})
    arn = client.start_execution(stateMachineArn=waiting, name="n")["executionArn"]
    begin(arn)
    client.stop_execution(executionArn=arn, error="Stopped", cause="by a test")
    return "error" not in client.describe_execution(executionArn=arn)


def name_check() -> bool:
    client = boto3.client("stepfunctions")
    return (
        code_of(client.start_execution, stateMachineArn=machine(passing({})), name="a name!")
        is None
    )


def input_code() -> bool:
    client = boto3.client("stepfunctions")
    try:
        client.start_execution(stateMachineArn=machine(passing({})), input="{")
    except ClientError as error:
        return bool(error.response["Error"]["Code"] != "InvalidExecutionInput")
    except ValueError:
        return True
    return True


def nested_stop() -> bool:
    """Read off the source: moto alone cannot run `startExecution.sync` (getmoto/moto#10076)."""
    return "stop_execution" not in inspect.getsource(state_task_service_sfn)


CANARIES: list[Callable[[], bool]] = [
    execution_name,
    text_output,
    early_calls,
    execution_events,
    history_pages,
    history_order,
    stop_reason,
    nested_stop,
    name_check,
    input_code,
]
