"""What issue 2 promises, shown on the embedded AWS through the state machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.edge.faults import Fault

pytestmark = pytest.mark.embedded
INPUTS = Path(__file__).parents[2] / "statemachine" / "inputs"
# Three dotted parts of base64url, as every JWT has them.
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
READS = ("Get", "Describe", "List", "Head", "BatchGet", "Scan", "Query")


def inputs(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((INPUTS / name).read_text())
    return loaded


def fail_runtime(lifecycle: Any, reason: str) -> None:
    lifecycle.aws.faults.add(
        Fault(
            service="bedrock-agentcore-control",
            operation="CreateAgentRuntime",
            kind="failureState",
            reason=reason,
        )
    )


def test_default_input_provisions_and_the_weather_tool_answers(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    name = environment()
    run = lifecycle.run({**inputs("default.json"), "environment": name})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    output = run.output
    assert (output["environment"], output["action"]) == (name, "provision")
    assert output["runtime"]["endpoint"] == "live"
    assert output["runtime"]["invocationUrl"].endswith("/invocations?qualifier=live")
    assert output["auth"]["type"] == "cognito"
    assert output["auth"]["discoveryUrl"].endswith("/.well-known/openid-configuration")
    assert output["artifact"]["digest"].startswith("sha256:")
    assert output["smokeTest"]["passed"] is True
    assert json.loads(output["smokeTest"]["answer"])["toolsUsed"] == ["weather"]
    refused = [check for check in output["smokeTest"]["checks"] if "refused" in check["name"]]
    assert len(refused) >= 6
    assert {check["seen"][:3] for check in refused} <= {"401", "403"}
    assert set(output["timings"]) == {
        "prepare",
        "identity",
        "artifact",
        "runtime",
        "smokeTest",
        "promote",
    }
    assert output["teardown"] is None

    asked = lifecycle.run({**inputs("smoke-test.json"), "environment": name})
    assert asked.status == "SUCCEEDED", (asked.error, asked.cause)
    answer = json.loads(asked.output["smokeTest"]["answer"])
    assert answer["toolsUsed"] == ["calculator"]
    assert re.search("56,?088", answer["answer"])


def test_round_trip_leaves_nothing_and_says_what_it_looked_for(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    name = environment()
    run = lifecycle.run({**inputs("round-trip.json"), "environment": name})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert lifecycle.leftovers(name) == {}
    teardown = run.output["teardown"]
    assert teardown["removed"]
    for kind in ("endpoint", "runtime", "log group", "user pool", "secret", "artifact"):
        # Another environment of this session can use the same artifact, which stays then.
        gone = teardown["removed"] + [kept["resource"] for kept in teardown["kept"]]
        assert any(kind in text or "s3://" in text for text in gone), kind
        assert any(kind in text for text in teardown["lookedFor"]), kind


def test_a_failed_runtime_is_red_with_the_services_reason_and_teardown_json_removes_it(
    lifecycle: Any, environment: Callable[[], str]
) -> None:
    name = environment()
    fail_runtime(lifecycle, "The image's entry point does not exist.")
    run = lifecycle.run({"environment": name})
    assert (run.status, run.error) == ("FAILED", "RuntimeFailedError")
    assert "The image's entry point does not exist." in run.cause
    record = lifecycle.record(name)
    assert record["state"] == {"S": "FAILED"}
    assert {"identity", "artifact", "runtime"} <= set(record)
    assert "lock" not in record
    assert lifecycle.run({**inputs("teardown.json"), "environment": name}).status == "SUCCEEDED"
    assert lifecycle.leftovers(name) == {}


def test_teardown_on_failure_leaves_nothing(
    lifecycle: Any, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    name = environment()
    fail_runtime(lifecycle, "No such luck.")
    run = lifecycle.run({"environment": name, "artifact": image, "teardown": "onFailure"})
    assert (run.status, run.error) == ("FAILED", "RuntimeFailedError")
    assert "No such luck." in run.cause
    assert lifecycle.leftovers(name) == {}


def test_a_passed_deadline_is_a_wait_timeout(
    lifecycle: Any, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    name = environment()
    lifecycle.aws.faults.add(
        Fault(
            service="bedrock-agentcore-control",
            operation="CreateAgentRuntime",
            kind="delayedState",
            seconds=15,
        )
    )
    wait = {"intervalSeconds": 1, "maxIntervalSeconds": 1, "timeoutSeconds": 3}
    run = lifecycle.run({"environment": name, "wait": wait, "artifact": image})
    assert (run.status, run.error) == ("FAILED", "WaitTimeoutError"), (run.error, run.cause)
    assert "CREATING" in run.cause


def test_a_wrong_expectation_is_a_smoke_test_error(
    lifecycle: Any, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    name = environment()
    run = lifecycle.run(
        {
            "environment": name,
            "artifact": image,
            "smokeTest": {"expect": "snow in July"},
            "teardown": "onFailure",
        }
    )
    assert (run.status, run.error) == ("FAILED", "SmokeTestError")
    assert "snow in July" in run.cause
    assert lifecycle.leftovers(name) == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"environment": "Not_Valid"}, "environment"),
        ({"wait": {"timeoutSeconds": -1}}, "wait.timeoutSeconds"),
        (
            {"auth": {"type": "jwt", "discoveryUrl": "https://id.example.com/openid"}},
            "auth.discoveryUrl",
        ),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_made(
    lifecycle: Any, given: dict[str, Any], field: str
) -> None:
    before = time.time()
    run = lifecycle.run(given, quick=False)
    assert (run.status, run.error) == ("FAILED", "InvalidRequestError")
    assert field in run.cause
    made = [
        call
        for call in lifecycle.aws.calls.calls(since=before)
        if call.caller
        and call.caller.kind == "function"
        and not str(call.operation).startswith(READS)
    ]
    assert [call.operation for call in made] == ["PutEvents"]


def test_no_password_and_no_token_is_seen_anywhere(
    lifecycle: Any, environment: Callable[[], str], image: dict[str, Any]
) -> None:
    name = environment()
    run = lifecycle.run({"environment": name, "artifact": image})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    failed = lifecycle.run(
        {"environment": name, "artifact": image, "smokeTest": {"expect": "snow in July"}}
    )
    assert failed.error == "SmokeTestError"
    secret = lifecycle.aws.client("secretsmanager").get_secret_value(
        SecretId=run.output["auth"]["secretArn"]
    )
    password = json.loads(secret["SecretString"])["password"]
    assert len(password) >= 16

    printed = subprocess.run(
        [
            Path(sys.executable).with_name("lifecycle"),
            "run",
            "--stack",
            "agentcore-lifecycle",
            "--input",
            "-",
        ],
        input=json.dumps({"environment": name, "action": "smokeTest"}),
        env={**os.environ, **lifecycle.aws.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stderr

    def texts() -> Iterator[tuple[str, str]]:
        yield "printed", printed.stdout + printed.stderr
        for execution in (run, failed):
            yield "history", json.dumps(execution.history, default=str, ensure_ascii=False)
            yield "output", json.dumps([execution.output, execution.cause], ensure_ascii=False)
        yield "record", json.dumps(lifecycle.record(name), ensure_ascii=False)
        lifecycle.aws.function_logs.flush()
        logs = lifecycle.aws.client("logs")
        for group in logs.describe_log_groups()["logGroups"]:
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            ):
                yield group["logGroupName"], "\n".join(event["message"] for event in page["events"])
        for path in lifecycle.aws.state_dir.rglob("*"):
            if (
                path.is_file()
                and path.suffix in {".log", ".jsonl", ".json", ".txt"}
                and "site-packages" not in str(path)
            ):
                yield str(path), path.read_text(errors="replace")

    looked_at = 0
    for where, text in texts():
        looked_at += len(text)
        assert password not in text, where
        assert json.dumps(password)[1:-1] not in text, where
        assert not JWT.search(text), (where, JWT.search(text))
    assert looked_at > 50_000
