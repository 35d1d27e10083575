"""The commands of a day, each on the local AWS through its endpoint as a stack, as people and programs call them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.edge.credentials import Principal
from local.edge.faults import Fault
from tests.docs.pages import text_of
from tests.embedded.conftest import QUICK_WAIT

pytestmark = pytest.mark.embedded
PATIENCE_SECONDS = 120
HELD = 40.0
"""Seconds for which an execution hangs, so that it still runs when it is stopped."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(aws: Any, tmp_path: Path) -> Run:
    """Calls `lifecycle` in a process that knows nothing but the variables of `local env`."""

    def lifecycle(
        *words: str,
        status: int = 0,
        columns: int | None = None,
        keys: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        terminal = {"COLUMNS": str(columns), "TTY_COMPATIBLE": "1", "CI": "1", "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *words, "--stack", aws.stack.name],
            env={
                **kept,
                **aws.environment(),
                "HOME": str(tmp_path),
                **(keys or {}),
                **(terminal if columns else {}),
            },
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == status, (words, done.stdout, done.stderr)
        return done

    return lifecycle


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """What a program reads: one JSON object on stdout."""
    return json.loads(done.stdout)


def test_a_day(
    call: Run,
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    tmp_path: Path,
) -> None:
    name = environment()
    request = {
        "environment": name,
        "artifact": tiny,
        "auth": {"type": "iam"},
        "smokeTest": {"expect": "echo of"},
        "wait": QUICK_WAIT,
        "ttlHours": 5,
    }
    file = tmp_path / "input.json"

    # What would be provisioned, and twice the real thing.
    file.write_text(json.dumps(request))
    plan = told(call("plan", "--input", str(file), "--json"))["plan"]
    assert plan["runtime"]["change"] == "create"
    assert call("show", name, status=2).stderr.startswith(
        f"lifecycle: there is no environment {name} in stack "
    )
    assert lifecycle.run(request).status == "SUCCEEDED"
    changed = {**request, "runtime": {"environmentVariables": {"MARK": "confidential-mark"}}}
    second = lifecycle.run(changed)
    assert second.status == "SUCCEEDED"

    # What there is.
    (one,) = [e for e in told(call("list", "--json"))["environments"] if e["environment"] == name]
    assert (one["state"], one["liveVersion"], one["lockedBy"]) == ("READY", "2", None)
    assert one["smokeTest"] == {"version": "2", "passed": True}
    assert one["expiresAt"] is not None
    shown = call("show", name, "--json")
    assert "confidential-mark" not in shown.stdout
    found = told(shown)
    assert [each["version"] for each in found["promotions"]] == ["2", "1"]
    assert found["runtime"]["invocationUrl"] == second.output["runtime"]["invocationUrl"]
    assert found["artifact"]["digest"] == second.output["artifact"]["digest"]
    listed = told(call("executions", name, "--json"))["executions"]
    assert [each["action"] for each in listed] == ["provision"] * 3

    # Back to version 1, which `live` serves then; by name and by ARN.
    output = told(call("rollback", name, "--json"))
    assert output["promotion"]["version"] == "1"
    for execution in (output["execution"], output["execution"].rpartition(":")[2]):
        history = told(call("history", execution, "--json"))
        assert (history["status"], history["output"]) == ("SUCCEEDED", output)
        assert "Run the smoke test" in [stage["state"] for stage in history["stages"]]
    assert told(call("follow", output["execution"], "--json")) == output
    refused = call("rollback", name, "--version", "9", status=1)
    assert "version: given '9', allowed:" in refused.stderr

    # The fleet.
    report = told(call("fleet", "verify", "--environment", name, "--json"))
    assert (report["selected"], report["succeeded"]) == (1, 1)
    dry = told(call("fleet", "rebuild", "--environment", name, "--dry-run", "--json"))
    assert dry["wouldStart"] == [name]
    swept = told(call("fleet", "sweep", "--pattern", name, "--no-find-orphans", "--json"))
    assert swept["selected"] == 0

    # What a person reads.
    for columns in (80, 40):
        for words in (("list",), ("show", name), ("executions", name)):
            text = call(*words, columns=columns).stdout
            assert name in text
            assert text.count("Traceback") == 0

    # An execution that runs is stopped, and everything is removed.
    hang = Fault(
        "bedrock-agentcore-control",
        "GetAgentRuntime",
        "delayBefore",
        seconds=HELD,
        caller="CheckRuntimeFunction",
    )
    lifecycle.aws.faults.add(hang)
    arn = lifecycle.start({**request, "runtime": {"environmentVariables": {"MARK": "other"}}})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while lifecycle.aws.faults.list():
        assert time.monotonic() < deadline, lifecycle.history(arn)[-3:]
        time.sleep(0.1)
    assert told(call("list", "--json"))["environments"]
    running = call("show", name)
    assert f"follow --stack {lifecycle.aws.stack.name} {arn.rpartition(':')[2]}" in running.stdout
    stopped = told(call("stop", arn, "--json"))
    assert (stopped["stopped"], stopped["status"]) == (True, "ABORTED")
    assert told(call("history", arn, "--json"))["status"] == "ABORTED"
    assert told(call("teardown", name, "--dry-run", "--json"))["teardown"]["dryRun"]
    gone = told(call("teardown", name, "--json"))
    assert gone["teardown"]["removed"]
    assert call("teardown", name, status=2).stdout == ""


@pytest.fixture
def assume(aws: Any) -> Iterator[Callable[[list[dict[str, Any]]], dict[str, str]]]:
    """Makes a role with these statements, and returns the variables of a session of it."""
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    made: list[str] = []

    def role(statements: list[dict[str, Any]]) -> dict[str, str]:
        name = f"reader-{uuid.uuid4().hex[:8]}"
        made.append(name)
        arn = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        issued: dict[str, str] = aws.credentials.issue(Principal(name, arn, "role")).environment()
        return issued

    yield role
    for name in made:
        iam.delete_role_policy(RoleName=name, PolicyName="own")
        iam.delete_role(RoleName=name)


def statements_of_a_reader(aws: Any) -> list[dict[str, Any]]:
    """The policy of a reader on the page of security, with the names of this stack."""
    blocks = re.findall(
        r"^```json\n(.*?)^```", text_of("docs/security.md"), re.MULTILINE | re.DOTALL
    )
    (policy,) = [text for text in blocks if "dynamodb:Scan" in text]
    names = {
        "eu-west-1": aws.region,
        "123456789012": aws.account_id,
        "agentcore-lifecycle-EnvironmentsTable-EXAMPLE": aws.outputs["EnvironmentsTableName"],
        "LifecycleStateMachine-EXAMPLE": aws.outputs["StateMachineArn"].rpartition(":")[2],
        "FleetStateMachine-EXAMPLE": aws.outputs["FleetStateMachineArn"].rpartition(":")[2],
        "stack/agentcore-lifecycle/": f"stack/{aws.stack.name}/",
    }
    for name, value in names.items():
        assert name in policy
        policy = policy.replace(name, value)
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_the_policy_of_a_reader_is_enough_to_look_and_for_nothing_else(
    aws: Any, lifecycle: Any, call: Run, tiny: dict[str, Any], assume: Callable[..., dict[str, str]]
) -> None:
    assert tiny
    # The list ends with what is old, and other tests have run since the environment was made.
    asked = lifecycle.run(
        {"action": "smokeTest", "environment": "tiny", "smokeTest": {"expect": "echo of"}}
    )
    assert asked.status == "SUCCEEDED", (asked.error, asked.cause)
    statements = statements_of_a_reader(aws)
    keys = assume(statements)
    there = told(call("list", "--json", keys=keys))["environments"]
    assert "tiny" in [one["environment"] for one in there]
    assert told(call("show", "tiny", "--json", keys=keys))["state"] == "READY"
    newest = told(call("executions", "tiny", "--json", keys=keys))["executions"][0]["name"]
    assert told(call("history", newest, "--json", keys=keys))["status"] == "SUCCEEDED"
    assert call("follow", newest, "--json", keys=keys).stdout
    for words, action in (
        (("teardown", "tiny"), "states:StartExecution"),
        (("fleet", "verify"), "states:StartExecution"),
    ):
        assert action in call(*words, status=1, keys=keys).stderr

    # Each action is needed, and its lack is named.
    needed: list[tuple[tuple[str, ...], str]] = [
        (("list",), "dynamodb:Scan"),
        (("show", "tiny"), "dynamodb:GetItem"),
        (("executions",), "states:ListExecutions"),
        (("history", newest), "states:DescribeExecution"),
        (("history", newest), "states:GetExecutionHistory"),
        (("list",), "cloudformation:DescribeStacks"),
    ]
    for needs, action in needed:
        less = [
            {**one, "Action": [each for each in actions if each != action]}
            for one in statements
            for actions in [one["Action"] if isinstance(one["Action"], list) else [one["Action"]]]
            if actions != [action]
        ]
        said = call(*needs, status=1, keys=assume(less)).stderr
        assert action in said, (needs, said)
