"""An account as the place of a proof: what SAM CLI is asked to do, and which stacks are never touched."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from cli.errors import UsageError
from cli.prove import aws
from cli.prove.aws import aws_place
from cli.prove.place import ProveError

EMPTY = json.dumps({"Resources": {}, "Outputs": {"SourceBucket": {"Value": "uploads"}}})


class Runner:
    """Runs nothing, and remembers what it was asked to run.

    Args:
        status: The exit status of each command.
    """

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        return subprocess.CompletedProcess(command, self.status)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    sam = tmp_path / "sam"
    sam.touch()
    monkeypatch.setattr(aws, "_SAM", sam)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def made(name: str) -> None:
    boto3.client("cloudformation", "eu-west-1").create_stack(StackName=name, TemplateBody=EMPTY)


@pytest.mark.usefixtures("account")
def test_it_builds_and_deploys_under_its_own_name() -> None:
    run = Runner()
    place = aws_place("prove-1", "eu-west-1", Console(quiet=True), run)
    assert (place.name, place.region, place.local) == ("eu-west-1", "eu-west-1", False)
    place.deploy()
    build, deploy = run.commands
    assert build[-1] == "build"
    assert deploy[deploy.index("--stack-name") + 1] == "prove-1"
    assert deploy[deploy.index("--s3-prefix") + 1] == "prove-1"
    assert "--no-confirm-changeset" in deploy


@pytest.mark.usefixtures("account")
def test_a_stack_that_exists_is_refused() -> None:
    made("prove-1")
    with pytest.raises(UsageError, match="a stack prove-1 already"):
        aws_place("prove-1", "eu-west-1", Console(quiet=True), Runner())


@pytest.mark.usefixtures("account")
def test_a_failed_deployment_ends_the_proof() -> None:
    place = aws_place("prove-1", "eu-west-1", Console(quiet=True), Runner(1))
    with pytest.raises(ProveError, match="status 1"):
        place.deploy()


@pytest.mark.usefixtures("account")
def test_the_uploads_are_those_below_the_stacks_own_prefix() -> None:
    place = aws_place("prove-1", "eu-west-1", Console(quiet=True), Runner())
    assert place.uploads() is None
    made("aws-sam-cli-managed-default")
    assert place.uploads() == ("uploads", "prove-1/")


def test_without_the_tools_it_says_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(aws, "_SAM", tmp_path / "none")
    with pytest.raises(UsageError, match="make prove"):
        aws_place("prove-1", "eu-west-1", Console(quiet=True))
