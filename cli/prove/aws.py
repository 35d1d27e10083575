"""An account in AWS as the place of a proof. SAM CLI builds and deploys the stack."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from cli.errors import UsageError
from cli.prove.place import Place, ProveError

CHECKOUT = Path(__file__).resolve().parents[2]
_SAM = CHECKOUT / ".venv-tools" / "bin" / "sam"
_PYTHON = CHECKOUT / ".ci" / "with-python"
_VERSION = "3.13"
_UPLOADS_STACK = "aws-sam-cli-managed-default"
"""The stack in which SAM CLI keeps its bucket; it belongs to the account, and stays."""

Runner = Callable[..., Any]


def aws_place(
    stack: str, region: str | None, console: Console, run: Runner = subprocess.run
) -> Place:
    """Return the account of the user's own AWS configuration as a place.

    Args:
        stack: A name for the stack.
        region: The Region; by default that of the configuration.
        console: Where to show which account it is.
        run: Runs a program, as `subprocess.run` does.

    Raises:
        UsageError: There are no credentials or no Region, a stack of that name exists, or the tools are not installed.
    """
    if not _SAM.exists():
        raise UsageError(f"{_SAM} is missing: run `make prove`, which installs it")
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
    if session.region_name is None:
        raise UsageError("select a Region with --region or AWS_REGION")
    try:
        account = str(session.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"AWS does not accept your credentials: {error}") from error
    place = Place(
        name=session.region_name,
        region=session.region_name,
        account=account,
        stack=stack,
        session=session,
        endpoint_url=None,
        deploy=lambda: _deploy(stack, session.region_name, run),
        uploads=lambda: _uploads(place),
    )
    status = place.status()
    if status is not None:
        raise UsageError(
            f"there is a stack {stack} already ({status}): a proof removes its stack, so it takes a new name only"
        )
    console.print(f"account {account}, Region {session.region_name}, stack {stack}")
    return place


def _deploy(stack: str, region: str, run: Runner) -> None:
    """Build and deploy the template with SAM CLI.

    Raises:
        ProveError: SAM CLI failed; it has said why.
    """
    # SAM CLI has an environment of its own, and must not see the packages of another.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    environment["SAM_CLI_TELEMETRY"] = "0"
    commands = (
        [str(_PYTHON), _VERSION, str(_SAM), "build"],
        [
            str(_SAM),
            "deploy",
            *("--stack-name", stack),
            *("--region", region),
            *("--s3-prefix", stack),
            *("--capabilities", "CAPABILITY_IAM"),
            *("--parameter-overrides", "LogRetentionDays=1"),
            "--resolve-s3",
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
        ],
    )
    for command in commands:
        done = run(command, cwd=CHECKOUT, env=environment, check=False)
        if done.returncode != 0:
            raise ProveError(f"`{' '.join(command[-2:])}` failed with status {done.returncode}")


def _uploads(place: Place) -> tuple[str, str] | None:
    """Return SAM CLI's bucket, and the prefix of what it uploaded for this stack; None if it has no bucket."""
    try:
        stacks = place.client("cloudformation").describe_stacks(StackName=_UPLOADS_STACK)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks[0].get("Outputs", [])}
    bucket = outputs.get("SourceBucket")
    return (bucket, f"{place.stack}/") if bucket else None
