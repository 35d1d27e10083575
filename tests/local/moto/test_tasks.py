"""Tasks call other services, and their errors have the names of AWS."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.edge.faults import Fault
from tests.local.moto.machines import Machines, passing


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("throttle", "Lambda.TooManyRequestsException"),
        ("serverError", "Lambda.ServiceException"),
        ("timeoutBefore", "Lambda.SdkClientException"),
        ("crashBefore", "Runtime.ExitError"),
        ("crashAfter", "Runtime.ExitError"),
        ("functionTimeout", "Sandbox.Timedout"),
    ],
)
def test_faults_of_lambda_have_the_names_of_the_service(
    machines: Machines, kind: Any, name: str
) -> None:
    machines.aws.faults.add(Fault("lambda", "Invoke", kind))
    found = machines.run({"T": machines.call({})})
    assert (found["status"], found["error"]) == ("FAILED", name)


def test_tasks_are_signed_with_keys_of_this_start(machines: Machines) -> None:
    machines.output({"T": machines.call({})})
    (*_, call) = machines.aws.calls.calls("lambda", "Invoke")
    assert call.caller is not None
    assert call.caller.name == "stepfunctions"
    # moto's own key, which everybody can read in its source.
    constant = boto3.client(
        "sts",
        endpoint_url=machines.aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="ak",
        aws_secret_access_key="sk",
    )
    with pytest.raises(ClientError) as refused:
        constant.get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_an_unknown_function_is_a_fault_of_lambda(machines: Machines) -> None:
    task = machines.call({})
    task["Arguments"]["FunctionName"] = "nothing"
    assert machines.run({"T": task})["error"] == "Lambda.ResourceNotFoundException"


def test_a_task_times_out_and_is_retried_with_jitter(machines: Machines) -> None:
    retry = {
        "ErrorEquals": ["States.Timeout"],
        "IntervalSeconds": 1,
        "MaxAttempts": 1,
        "BackoffRate": 1,
        "MaxDelaySeconds": 2,
        "JitterStrategy": "FULL",
    }
    catch = {
        "ErrorEquals": ["States.ALL"],
        "Output": "{% [$states.errorOutput.Error, $states.context.State.RetryCount] %}",
        "Next": "S",
    }
    slow = machines.call({"slow": 2}, TimeoutSeconds="{% 1 %}", Retry=[retry], Catch=[catch])
    assert machines.output({"T": slow, "S": {"Type": "Succeed"}}) == ["States.Timeout", 1]


def test_a_child_execution_is_waited_for(machines: Machines) -> None:
    child = machines.make(passing("{% $states.input.n + 1 %}"))
    failing = machines.make({"F": {"Type": "Fail", "Error": "ChildError", "Cause": "no"}})

    def start(arn: str, **more: Any) -> dict[str, Any]:
        arguments = {"StateMachineArn": arn, "Input": "{% $states.input %}"}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": arguments,
            "Output": "{% $states.result.Output %}",
            "End": True,
            **more,
        }

    assert machines.output({"T": start(child)}, {"n": 1}) == 2
    catch = {
        "ErrorEquals": ["States.TaskFailed"],
        "Output": "{% $parse($states.errorOutput.Cause).Error %}",
        "Next": "S",
    }
    caught = {"T": start(failing, Catch=[catch]), "S": {"Type": "Succeed"}}
    assert machines.output(caught, {"n": 1}) == "ChildError"


def test_branches_and_items_run(machines: Machines) -> None:
    branches = [
        {"StartAt": "T", "States": {"T": machines.call("{% $states.input %}")}},
        {"StartAt": "P", "States": passing("{% $states.input %}")},
    ]
    parallel = {
        "Type": "Parallel",
        "Branches": branches,
        "Output": "{% [$states.result[0].Payload.got.a, $states.result[1].a] %}",
        "End": True,
    }
    assert machines.output({"B": parallel}, {"a": 7}) == [7, 7]
    item = {
        "Type": "Map",
        "Items": "{% $states.input.items %}",
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": {"StartAt": "P", "States": passing("{% $states.input.v * 2 %}")},
        "MaxConcurrency": 2,
        "End": True,
    }
    assert machines.output({"M": item}, {"items": [1, 2, 3]}) == [2, 4, 6]
