"""`lifecycle prove` on a local AWS: the same program as for an account, whole and interrupted."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.prove.plan import CLAIMS
from cli.prove.recording import Recording, Step, file_of
from cli.target.stack import session_of
from local.embedded import RunningAws, find_running
from tests.local.clients.conftest import interruptible

pytestmark = pytest.mark.embedded
RECORDED = Path(__file__).parents[1] / "recorded"
DELAYS = [
    word
    for delay in ("create=0.1", "update=0.1", "delete=0.1", "endpoint=0.05", "gateway=0.05")
    for word in ("--delay", delay)
]
COMMAND = [sys.executable, "-m", "cli.main"]
PATIENCE_SECONDS = 900


def test_the_whole_proof_from_the_deployment_to_the_cost(tmp_path: Path) -> None:
    shutil.copytree(RECORDED, tmp_path, dirs_exist_ok=True)
    # A Region's recording, to compare with: one status differs.
    there = file_of(tmp_path, "eu-west-1", "refusals")
    there.parent.mkdir(parents=True, exist_ok=True)
    text = file_of(tmp_path, "local", "refusals").read_text(encoding="utf-8")
    there.write_text(text.replace('"status": 401', '"status": 403', 1), encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "prove", "--local", "--yes", "--recordings", str(tmp_path), *DELAYS],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refusals: 1 difference (local | eu-west-1)" in done.stdout
    assert "no Authorization header: status: 401 | 403" in done.stdout
    assert re.search(r"together +0\.\d+ USD", done.stdout)
    assert "Everything is removed." in done.stdout
    for claim in CLAIMS:
        fresh = Recording.read(file_of(tmp_path, "local", claim.name))
        known = Recording.read(file_of(RECORDED, "local", claim.name))
        assert fresh.problems == []
        # `make prove PROVE_ARGS=--local` writes them again.
        assert answers(fresh) == answers(known), claim.name


def answers(recording: Recording) -> list[tuple[Any, ...]]:
    """What was done, and with which status, error and kind it was answered."""
    return [_answer(step) for step in recording.steps]


def _answer(step: Step) -> tuple[Any, ...]:
    return tuple(step.get(name) for name in ("what", "kind", "status", "error"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningAws]:
    """A local AWS in a process of its own, which outlives the proof."""
    command = [*COMMAND, "local", "up", "--port", "0", "--state-dir", str(tmp_path / "state")]
    with (tmp_path / "up.txt").open("w+") as said:
        process = subprocess.Popen([*command, *DELAYS], stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + 120
            while "up at" not in (tmp_path / "up.txt").read_text():
                assert process.poll() is None, (tmp_path / "up.txt").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
            found = find_running(tmp_path / "state")
            assert found is not None
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_proof_leaves_nothing(
    tmp_path: Path, running: RunningAws, number: signal.Signals
) -> None:
    session = session_of(running.environment())

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=running.endpoint_url)

    with interruptible():
        process = subprocess.Popen(
            [
                *(*COMMAND, "prove", "--local", "--yes", "--state-dir", str(tmp_path / "state")),
                *("--recordings", str(tmp_path / "recorded")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        # In the middle of an execution: the runtime is there, and its smoke test is not over.
        while not client("bedrock-agentcore-control").list_agent_runtimes()["agentRuntimes"]:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], said
    assert "Everything is removed." in said
    assert client("bedrock-agentcore-control").list_agent_runtimes()["agentRuntimes"] == []
    assert client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"] == []
    secrets = client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert secrets == []
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert client("cloudformation").describe_stacks()["Stacks"] == []
    groups = client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups if running.stack_name in str(group)] == []
