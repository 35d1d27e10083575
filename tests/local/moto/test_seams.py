"""Each seam is still needed, and does what it is for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.edge.faults import Fault
from local.embedded import EmbeddedAws
from local.moto import seams

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  AppFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code/, Handler: app.handler, Runtime: python3.13}
Outputs:
  FunctionName: {Value: !Ref AppFunction}
"""
ROLE = "arn:aws:iam::123456789012:role/r"
CANARIES = [
    "jsonata",
    "quoting",
    "execution_name",
    "text_output",
    "redrive_count",
    "retry_count",
    "escapes",
    "states_errors",
    "lambda_faults",
    "parameter_names",
    "shared_clients",
    "history_pages",
    "history_order",
    "stop_reason",
    "name_check",
    "input_code",
    "state_machine_targets",
    "bucket_conditions",
    "managed_policies",
    "token_life",
    "sign_in_flows",
    "resource_server_updates",
    "pool_tags",
    "tagged_pools",
]


class WrongError(Exception):
    """What the stand-in for the function raises."""


def app(event: Any) -> Any:
    """Stand in for the function: raise, be slow, or give the event back."""
    if isinstance(event, dict) and "raise" in event:
        raise WrongError(event["raise"])
    if isinstance(event, dict) and "slow" in event:
        time.sleep(event["slow"])
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


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("seams")
    (folder / "code").mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    with EmbeddedAws.start(
        state_dir=folder / "state",
        template=folder / "template.yaml",
        functions={"AppFunction": app},
    ) as aws:
        yield Machines(aws)


@pytest.fixture(scope="module")
def said() -> dict[str, bool]:
    """What moto says for itself, asked in a process without seams."""
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("canaries")],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, "HOME": "/nonexistent"},
    )
    answers: dict[str, bool] = json.loads(ran.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("canary", CANARIES)
def test_moto_still_needs_the_seam(canary: str, said: dict[str, bool]) -> None:
    assert said[canary], f"moto has learned {canary}: take its seam out of seams.py"


def test_no_canary_is_forgotten(said: dict[str, bool]) -> None:
    assert sorted(said) == sorted(CANARIES)


def test_values_reach_expressions_unharmed(machines: Machines) -> None:
    given = {"text": 'a "quote" \\ and\na line', "none": None, "one": [1], "empty": []}
    states = {
        "A": {"Type": "Pass", "Assign": {"v": "{% $states.input %}"}, "Next": "P"},
        **passing(
            "{% {'all': $v, 'isNull': $v.none = null, 'exists': $exists($v.none), "
            "'missing': $exists($v.other), 'one': $v.one, 'cause': $parse($string($v))} %}"
        ),
    }
    assert machines.output(states, given) == {
        "all": given,
        "isNull": True,
        "exists": True,
        "missing": False,
        "one": [1],
        "cause": given,
    }


def test_a_definition_may_escape_characters(machines: Machines) -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"t": 'a "b"\nc'}, "Next": "P"},
        **passing('{% $t & "x" %}'),
    }
    assert machines.output(states) == 'a "b"\ncx'


def test_the_context_object_is_whole(machines: Machines) -> None:
    found = machines.output(passing("{% $states.context %}"), {"a": 1})
    execution, state = found["Execution"], found["State"]
    assert execution["Id"].endswith(f":{execution['Name']}")
    assert execution["Input"] == {"a": 1}
    assert (execution["RedriveCount"], state["RetryCount"]) == (0, 0)
    for moment in (execution["StartTime"], state["EnteredTime"]):
        time.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ")


def test_functions_of_step_functions_are_there(machines: Machines) -> None:
    expression = (
        "{% {'u': $length($uuid()), 'h': $hash('a', 'MD5'), 'p': $partition([1,2,3], 2)} %}"
    )
    assert machines.output(passing(expression)) == {
        "u": 36,
        "h": "0cc175b9c0f1b6a831c399e269772661",
        "p": [[1, 2], [3]],
    }


@pytest.mark.parametrize(
    "expression", ["$states.input.nothing", "1 + 'a'", "$unknown(1)", "$hash('a', 'x')"]
)
def test_a_failed_expression_can_be_caught(machines: Machines, expression: str) -> None:
    catch = {
        "ErrorEquals": ["States.QueryEvaluationError"],
        "Output": "{% $states.errorOutput.Error %}",
        "Next": "S",
    }
    states = {
        "T": machines.call(f"{{% {expression} %}}", Catch=[catch]),
        "S": {"Type": "Succeed"},
    }
    assert machines.output(states) == "States.QueryEvaluationError"


def test_an_error_of_a_function_keeps_its_name_and_cause(machines: Machines) -> None:
    catch = {
        "ErrorEquals": ["WrongError"],
        "Assign": {"error": "{% $states.errorOutput %}"},
        "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
        "Next": "P",
    }
    states = {
        "T": machines.call({"raise": 'say "hi"\n'}, Catch=[catch]),
        **passing("{% [$states.input, $error.Error] %}"),
    }
    assert machines.output(states) == ['say "hi"\n', "WrongError"]


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


def test_one_name_is_one_execution(machines: Machines) -> None:
    client = machines.client
    arn = machines.make({"W": {"Type": "Wait", "Seconds": 2, "End": True}})
    first = client.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')
    again = client.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')
    assert again["executionArn"] == first["executionArn"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="n", input='{"a": 2}')
    running = client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    assert [execution["name"] for execution in running] == ["n"]
    client.stop_execution(executionArn=first["executionArn"], error="Stopped", cause="by a test")
    found = machines.finish(first["executionArn"])
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Stopped", "by a test")


@pytest.mark.parametrize(
    ("start", "code"),
    [({"name": "a name!"}, "InvalidName"), ({"input": "{"}, "InvalidExecutionInput")],
)
def test_a_bad_start_is_refused(machines: Machines, start: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        machines.client.start_execution(stateMachineArn=machines.make(passing(1)), **start)
    answer: Any = caught.value.response
    assert answer["Error"]["Code"] == code


def test_a_history_has_pages_and_two_directions(machines: Machines) -> None:
    arn = machines.run({"T": machines.call({})})["executionArn"]
    paginator = machines.client.get_paginator("get_execution_history")
    pages = [
        page["events"]
        for page in paginator.paginate(executionArn=arn, PaginationConfig={"PageSize": 2})
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    ids = [event["id"] for page in pages for event in page]
    backwards = machines.client.get_execution_history(executionArn=arn, reverseOrder=True)
    assert [event["id"] for event in backwards["events"]] == ids[::-1]


def test_every_seam_names_its_issue_or_the_report_that_is_to_be_filed() -> None:
    reports = (Path(__file__).parents[3] / "local/moto/upstream/README.md").read_text(
        encoding="utf-8"
    )
    numbers = set(re.findall(r"^## (\d+)\.", reports, re.MULTILINE))
    source = Path(seams.__file__).read_text(encoding="utf-8")
    install = source.split("def install()")[1].split("\n\n\n")[0]
    for seam in re.findall(r"^    (\w+)\(\)$", install, re.MULTILINE):
        said = (getattr(seams, seam).__doc__ or "").partition("pstream:")[2]
        assert re.search(r"#\d+|reports? \d+", said), seam
    for first, last in re.findall(r"reports? (\d+)(?: to (\d+))?", source):
        assert {first, last or first} <= numbers
