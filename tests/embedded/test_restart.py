"""`lifecycle local up --keep-state`: environments are there again after a restart, without a secret in a file."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.embedded import find_running
from tests.embedded.conftest import AGENTS
from tests.embedded.searching import forms

pytestmark = pytest.mark.embedded
PROJECT = Path(__file__).resolve().parents[2]
AGAIN_SECONDS = 180


class Shell:
    """Calls `lifecycle` for the local AWS of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state_dir = folder, folder / "aws"

    def __call__(self, *words: str, status: int = 0) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "cli.main", *words, "--state-dir", str(self.state_dir)],
            cwd=PROJECT,
            env=os.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == status, ended.stderr
        return ended.stdout

    def up(self) -> None:
        self("local", "up", "--detach", "--port", "0", "--keep-state")

    def client(self, service: str) -> Any:
        running = find_running(self.state_dir)
        assert running is not None
        variables = running.environment()
        return boto3.client(
            service,
            endpoint_url=running.endpoint_url,
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )

    def bucket(self) -> str:
        (stack,) = self.client("cloudformation").describe_stacks()["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        return str(outputs["ArtifactBucketName"])

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("list", "--local", "--json"))["environments"]
        return found


@pytest.fixture
def lifecycle(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    if find_running(shell.state_dir) is not None:
        shell("local", "down")


def source() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for path in (AGENTS / "version").iterdir():
            if path.is_file():
                archive.writestr(path.name, path.read_text())
    return body.getvalue()


def test_an_environment_is_there_again_after_a_restart(lifecycle: Shell, tmp_path: Path) -> None:
    lifecycle.up()
    where = {"bucket": lifecycle.bucket(), "key": "sources/mine.zip"}
    lifecycle.client("s3").put_object(Bucket=where["bucket"], Key=where["key"], Body=source())
    value = {
        "environment": "mine",
        "artifact": {"type": "code", "source": where},
        "smokeTest": {"prompt": "two words"},
    }
    (tmp_path / "input.json").write_text(json.dumps(value))
    lifecycle("run", "--local", "--input", str(tmp_path / "input.json"))
    secrets = lifecycle.client("secretsmanager")
    kept = [one["ARN"] for one in secrets.list_secrets()["SecretList"]]
    values = [secrets.get_secret_value(SecretId=arn)["SecretString"] for arn in kept]
    passwords = {password for text in values for password in json.loads(text).values()}
    lifecycle("local", "down")

    assert passwords
    secret = {form for password in passwords for form in forms(str(password))}
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        body = file.read_bytes()
        assert not [form for form in secret if form in body], file
    assert sorted(path.name for path in (tmp_path / "aws.kept").iterdir()) == [
        "mine.0.zip",
        "mine.json",
    ]

    lifecycle.up()
    deadline = time.monotonic() + AGAIN_SECONDS
    while [one["state"] for one in lifecycle.listed()] != ["READY"]:
        assert time.monotonic() < deadline, lifecycle.listed()
    answer = lifecycle("ask", "--local", "mine", "after the restart")
    assert "echo of after the restart" in answer
    lifecycle("teardown", "--local", "mine")
    lifecycle("local", "down")
    assert not (tmp_path / "aws.kept").exists()
