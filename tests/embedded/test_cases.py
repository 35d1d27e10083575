"""Cases of the smoke test, through the state machine: hundreds from S3, pass rates, expressions that explode."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

pytestmark = pytest.mark.embedded
# Doubles a number; says what it was asked; and does not know every first time what is flaky.
AGENT = """
import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

asked = Counter()


def answer(prompt):
    asked[prompt] += 1
    if "flaky" in prompt and asked[prompt] % 2:
        return "I do not know"
    number = prompt.partition(" ")[0]
    return f"it is {2 * int(number)}" if number.isdigit() else f"you said {prompt}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send({"status": "Healthy"})

    def do_POST(self):
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send({"answer": {"text": answer(payload.get("prompt") or payload["question"])}})

    def send(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
FLAKY = {"name": "flaky", "prompt": "flaky?", "expect": "you said flaky", "path": "answer.text"}
EXPLOSIVE = {
    "a nested quantifier": r"(a+)+$",
    "an alternation whose branches overlap": r"(a|aa|a)+$",
    "a backreference that backtracks": r"(a*)*\1b",
}


def moment(event: dict[str, Any]) -> float:
    at: datetime = event["timestamp"]
    return at.timestamp()


def smoke_test_seconds(run: Any) -> float:
    """From the begin of the smoke test to the end of the cases' judge."""
    entered = next(
        event
        for event in run.history
        if event.get("stateEnteredEventDetails", {}).get("name") == "Run the smoke test"
    )
    exited = [
        event
        for event in run.history
        if event.get("stateExitedEventDetails", {}).get("name") == "Judge the cases"
    ]
    return moment(exited[-1]) - moment(entered)


@pytest.fixture
def provisioned(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> Callable[..., Any]:
    """A function that provisions one environment, the same each time."""
    name = environment()
    source = uploaded("echo", f"uploads/{name}.zip", **{"main.py": AGENT})

    def provision(**given: Any) -> Any:
        return lifecycle.run({"environment": name, "artifact": {"source": source}, **given})

    return provision


def live_version(lifecycle: Any, run: Any) -> str:
    control = lifecycle.aws.client("bedrock-agentcore-control")
    endpoint = control.get_agent_runtime_endpoint(
        agentRuntimeId=run.output["runtime"]["id"], endpointName="live"
    )
    return str(endpoint["liveVersion"])


def test_a_version_is_promoted_only_if_enough_cases_pass(
    lifecycle: Any,
    provisioned: Callable[..., Any],
    announced: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket = lifecycle.aws.outputs["ArtifactBucketName"]
    where = {"bucket": bucket, "key": "cases/doubles.jsonl"}
    doubles = [
        {"prompt": f"{n} doubled?", "expect": rf"^it is {2 * n}$", "path": "answer.text"}
        for n in range(198)
    ]
    whole = {"payload": {"question": "7 whole?"}, "expect": "14", "reject": "15"}
    lines = "\n".join(map(json.dumps, [*doubles, whole, FLAKY]))
    put = lifecycle.aws.client("s3").put_object(
        Bucket=bucket, Key=where["key"], Body=lines.encode()
    )
    began = time.monotonic()
    run = provisioned(smokeTest={"casesFrom": where, "minPassRate": 0.99, "timeoutSeconds": 300})
    wall = time.monotonic() - began
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    cases = run.output["smokeTest"]["cases"]
    with capsys.disabled():
        print(
            f"\ncases: 200 from S3 in {smoke_test_seconds(run):.1f} s of the smoke test, {wall:.1f} s in all; "
            f"p95 {cases['p95Seconds']} s"
        )
    assert (cases["total"], cases["passed"], cases["passRate"]) == (200, 199, 0.995)
    assert (cases["results"][0]["name"], cases["results"][0]["case"]) == ("flaky", 200)
    assert "the answer does not match expect" in cases["results"][0]["reason"]
    assert run.output["smokeTest"]["passed"]
    assert run.states.count("Run a batch of cases") == 8
    pinned = run.history[0]["executionStartedEventDetails"]["input"]
    assert put["VersionId"] not in pinned
    assert any(put["VersionId"] in json.dumps(event, default=str) for event in run.history)
    assert live_version(lifecycle, run) == "1"

    # Half of the answers of the flaky case pass.
    changed = {"runtime": {"description": "new"}}
    failed = provisioned(**changed, smokeTest={"cases": [FLAKY], "repeat": 4, "minPassRate": 0.6})
    assert (failed.status, failed.error) == ("FAILED", "SmokeTestError")
    assert failed.cause.startswith(
        "check 'The cases pass': passed 2 of 4 answers (a rate of 0.5, smokeTest.minPassRate 0.6); failed: flaky: "
    )
    assert live_version(lifecycle, run) == "1"
    (event,) = [json.loads(body) for body in announced() if failed.arn in body]
    assert event["detail"]["smokeTest"]["passed"] is False
    assert event["detail"]["smokeTest"]["cases"]["results"][0]["passed"] == 2

    passed = provisioned(**changed, smokeTest={"cases": [FLAKY], "repeat": 4, "minPassRate": 0.5})
    assert passed.status == "SUCCEEDED", (passed.error, passed.cause)
    assert passed.output["promotion"]["version"] == "2"
    assert live_version(lifecycle, run) == "2"


def test_expressions_that_explode_end_in_time(
    lifecycle: Any, provisioned: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = provisioned(auth={"type": "iam"})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    prompt = "a" * 5000 + "!"
    cases = [
        {"name": name, "prompt": prompt, "expect": pattern, "path": "answer.text"}
        for name, pattern in EXPLOSIVE.items()
    ]
    for seconds in (4, 20):
        failed = lifecycle.run(
            {
                "action": "smokeTest",
                "environment": run.output["environment"],
                "smokeTest": {"cases": cases, "timeoutSeconds": seconds},
            }
        )
        assert (failed.status, failed.error) == ("FAILED", "SmokeTestError")
        took = smoke_test_seconds(failed)
        with capsys.disabled():
            print(f"\ncases: three that explode ended after {took:.1f} s of {seconds} s")
        assert took <= seconds + 5
        if seconds == 20:
            assert "passed 0 of 3 answers" in failed.cause
            for name in EXPLOSIVE:
                assert f"{name[:20]}" in failed.cause
            assert "expect against the answer took longer" in failed.cause
