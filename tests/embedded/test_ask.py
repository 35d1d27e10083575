"""`lifecycle ask`, `token` and `logs` on whole lifecycles: each way to sign in, each protocol, and what is refused."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import main
from local.edge.credentials import Principal
from tests.embedded.searching import Search, files_below, forms

pytestmark = pytest.mark.embedded
Command = Callable[..., tuple[int, str, str]]
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+\n")
TOOL = '{"tool": "shout", "arguments": {"text": "hi"}}'


@pytest.fixture
def command(
    aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Calls the command on the local AWS of the tests; returns its exit status, stdout and stderr."""

    def call(*arguments: str, place: tuple[str, ...] = ()) -> tuple[int, str, str]:
        where = place or ("--state-dir", str(aws.state_dir))
        monkeypatch.setattr("sys.argv", ["lifecycle", *arguments, *where])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capsys.readouterr())

    return call


STREAMING = '''"""An agent that sends two events, and waits for a file before the second."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.head("application/json")
        self.wfile.write(b'{"status": "Healthy"}')

    def do_POST(self):
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        self.head("text/event-stream")
        self.say("echo of ")
        while prompt == "wait" and not os.path.exists(os.environ["GATE"]):
            time.sleep(0.05)
        self.say(prompt)

    def head(self, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def say(self, text):
        self.wfile.write(b"data: " + json.dumps({"data": text}).encode() + bytes([10, 10]))
        self.wfile.flush()


ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
'''


def provision(lifecycle: Any, name: str, **given: Any) -> dict[str, Any]:
    run = lifecycle.run({"environment": name, "smokeTest": {"expect": "echo of"}, **given})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    output: dict[str, Any] = run.output
    return output


def calls(aws: Any, operation: str) -> int:
    return len(aws.calls.calls("bedrock-agentcore", operation))


@pytest.mark.parametrize("way", ["password", "clientCredentials", "jwt", "iam"])
def test_each_way_to_sign_in(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    command: Command,
    way: str,
) -> None:
    name, aws = environment(), lifecycle.aws
    output = provision(lifecycle, name, artifact=tiny, auth=auths[way])
    before = calls(aws, "StopRuntimeSession")
    asked = command("ask", name, "hello")
    assert asked[0] == 0, asked
    assert '"answer": "echo of hello"' in asked[1]
    assert calls(aws, "StopRuntimeSession") == before + 1
    as_json = command("ask", name, "hello", "--json", "--keep-session")
    said = json.loads(as_json[1])
    assert (said["status"], said["endpoint"], said["version"]) == (200, "live", "1")
    assert said["body"]["answer"] == "echo of hello"
    assert calls(aws, "StopRuntimeSession") == before + 1
    again = command("ask", name, "hello", "--session", said["sessionId"])
    assert said["sessionId"] in again[1]
    assert f"--session {said['sessionId']}" in again[2].splitlines()[-1]

    given = command("token", name)
    curl = command("token", name, "--curl")
    if way == "iam":
        assert (given[0], given[1]) == (2, "")
        assert "auth.type iam, so there is no token" in given[2]
    else:
        assert (given[0], given[2]) == (0, "")
        assert TOKEN.fullmatch(given[1])
        answer = httpx.post(
            output["runtime"]["invocationUrl"],
            headers={"Authorization": f"Bearer {given[1].strip()}"},
            json={"prompt": "curl"},
            trust_env=False,
        )
        assert answer.json()["answer"] == "echo of curl"
        assert f"$(lifecycle token {name} --local --state-dir {aws.state_dir})" in curl[1]

    search = Search(marks={b"echo of hello"})
    for place, texts in {"ask": asked, "json": as_json, "again": again, "curl": curl}.items():
        search.look("output", place, f"{texts[1]}\n{texts[2]}")
    if way != "iam":
        secret = aws.client("secretsmanager").get_secret_value(SecretId=output["auth"]["secretArn"])
        held = json.loads(secret["SecretString"])
        for field in ("password", "clientSecret"):
            search.secrets |= forms(held[field]) if field in held else set()
        assert search.secrets
    aws.function_logs.flush()
    for file, content in files_below(aws.state_dir / "logs"):
        search.look("files", file, content)
    assert search.hits == []
    assert search.marked == {"output"}


@pytest.mark.parametrize(
    ("protocol", "question", "said", "wrong", "why"),
    [
        ("A2A", "hello", "echo of hello\n", "fail", "the task is failed: sorry"),
        ("AGUI", "hello", "echo of hello\n", "fail", "RUN_ERROR: NO_DATA sorry"),
        ("MCP", TOOL, "HI\n", "hi", "there are: shout, count"),
    ],
)
def test_each_protocol(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    command: Command,
    protocol: str,
    question: str,
    said: str,
    wrong: str,
    why: str,
) -> None:
    name = environment()
    provision(
        lifecycle,
        name,
        artifact={"source": uploaded(protocol.lower())},
        runtime={"protocol": protocol},
        smokeTest={"prompt": question, "expect": said.strip()},
    )
    assert command("ask", name, question) == (0, said, "")
    code, out, err = command("ask", name, wrong)
    assert (code, out) == (1, "")
    assert f"{name}, endpoint live: no answer: " in err
    assert why in err
    # With SigV4, the same messages reach it.
    provision(
        lifecycle,
        name,
        artifact={"source": uploaded(protocol.lower())},
        runtime={"protocol": protocol},
        auth={"type": "iam"},
        smokeTest={"prompt": question, "expect": said.strip()},
    )
    assert command("ask", name, question) == (0, said, "")


def test_an_agent_that_fails_and_the_logs_of_an_environment(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    command: Command,
    tmp_path: Path,
) -> None:
    name = environment()
    unlike = {"note.txt": uuid.uuid4().hex}
    provision(
        lifecycle, name, artifact={"source": uploaded("echo", f"uploads/{name}.zip", **unlike)}
    )
    payload = tmp_path / "payload.json"
    payload.write_text('{"no": "prompt"}')
    code, out, err = command("ask", name, "--payload", str(payload))
    assert (code, out) == (1, "")
    assert f"{name}, endpoint live: the agent failed (424)" in err
    assert "KeyError: 'prompt'; fix it in the agent" in err
    hint = err.splitlines()[-1].strip()
    assert hint == f"lifecycle logs {name} --local --state-dir {lifecycle.aws.state_dir} --agent"
    *arguments, _, _, _, agent = shlex.split(hint)[1:]
    code, out, err = command(*arguments, agent)
    assert (code, err) == (0, "")
    assert "  agent live  KeyError: 'prompt'\n" in out
    assert "stage done" not in out

    lifecycle.aws.function_logs.flush()
    code, out, _ = command("logs", name, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    sources = {line["source"] for line in lines}
    assert {"build", "agent DEFAULT", "agent live", "publish_artifact", "run_smoke_test"} <= sources
    assert {line["event"]["environment"] for line in lines if "stage" in line.get("event", {})} == {
        name
    }
    code, out, _ = command("logs", name, "--build")
    assert "Entering phase DOWNLOAD_SOURCE" in out
    assert {line.split("  ")[1] for line in out.splitlines() if re.match(r"\d{4}-", line)} == {
        "build"
    }
    code, out, _ = command("logs", name, "--stage", "Run the smoke test", "--since", "10m")
    assert re.fullmatch(r"\S+Z  run_smoke_test  stage done\n", out)
    # A build that failed is no longer in the record.
    broken = uploaded("echo", f"uploads/{name}.zip", Dockerfile="FROM python:3.13\nRUN false\n")
    failed = lifecycle.run({"environment": name, "artifact": {"source": broken}})
    assert failed.error == "ArtifactBuildError"
    code, out, _ = command("logs", name, "--build")
    assert "RUN false" in out
    code, _, err = command("ask", "nosuch", "hi")
    assert code == 2
    assert re.search(r"there is no environment nosuch in the local AWS .*; environments: \w", err)


@pytest.mark.parametrize("kind", ["cognito", "iam"])
def test_an_answer_is_printed_while_it_comes(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    tmp_path: Path,
    kind: str,
) -> None:
    name, gate = environment(), tmp_path / "gate"
    provision(
        lifecycle,
        name,
        artifact={"source": uploaded("echo", "uploads/streaming.zip", **{"main.py": STREAMING})},
        auth={"type": kind},
        runtime={"environmentVariables": {"GATE": str(gate)}},
    )
    place = ["--state-dir", str(lifecycle.aws.state_dir)]
    arguments = ["-m", "cli.main", "ask", name, "wait", *place]
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdout is not None
        # The agent sends the rest only after this was printed.
        assert asked.stdout.read(len("echo of ")) == "echo of "
        gate.touch()
        assert asked.stdout.read() == "wait\n"
    assert asked.returncode == 0


def test_what_iam_denies_is_named(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, aws = environment(), lifecycle.aws
    output = provision(lifecycle, name, artifact=tiny)
    secret = output["auth"]["secretArn"]
    assert command("ask", name, "hi", "--endpoint", "nope")[0] == 1
    allowed: dict[str, Any] = {
        "cloudformation:DescribeStacks": "*",
        "dynamodb:GetItem": "*",
        "secretsmanager:GetSecretValue": secret,
        "cognito-idp:AdminInitiateAuth": "*",
    }
    iam = aws.client("iam")
    role = f"asks-{name}"
    trust = {"Version": "2012-10-17", "Statement": []}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    keys = aws.credentials.issue(Principal(role, arn, "role"))
    for key, value in {**aws.environment(), **keys.environment()}.items():
        monkeypatch.setenv(key, value)
    place = ("--stack", "agentcore-lifecycle")

    def denied(*without: str) -> tuple[int, str, str]:
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in allowed.items()
            if action not in without
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(policy))
        return command("ask", name, "hi", place=place)

    try:
        code, out, err = denied()
        assert (code, err) == (0, ""), err
        assert "echo of hi" in out
        for action in ("secretsmanager:GetSecretValue", "cognito-idp:AdminInitiateAuth"):
            code, out, err = denied(action)
            assert (code, out) == (1, "")
            assert f"AWS denies {action} on arn:aws:" in err
        code, _, err = command("logs", name, "--agent", place=place)
        assert code == 1
        assert "AWS denies logs:DescribeLogGroups" in err
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="p")
        iam.delete_role(RoleName=role)
