"""Looks up a deployed stack, and names it for messages and commands."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from cli.errors import UsageError
from cli.target.target import MACHINE_OUTPUT

RETRIES = Config(retries={"mode": "standard", "max_attempts": 5})

_HINTS: dict[type[BotoCoreError], str] = {
    NoRegionError: " Set AWS_REGION, or let AWS_PROFILE name a profile that has a region.",
    NoCredentialsError: ". Let AWS_PROFILE name a profile that is signed in, or set "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
}
"""What the user can do, added after botocore's message."""


def session_of(environment: Mapping[str, str]) -> boto3.Session:
    """Return a boto3 session with the credentials and region of a local AWS's variables (`environment()`)."""
    return boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_REGION"],
    )


@dataclass(frozen=True)
class DescribedStack:
    """What CloudFormation says of a deployed stack.

    Attributes:
        session: The session that it was asked with.
        region: The stack's Region.
        outputs: Its outputs, by name.
        parameters: Its parameters, by name.
    """

    session: boto3.Session
    region: str
    outputs: dict[str, str]
    parameters: dict[str, str]


def describe_stack(
    stack: str, session: boto3.Session | None = None, *, endpoint_url: str | None = None
) -> DescribedStack:
    """Look a deployed stack up.

    Args:
        stack: The CloudFormation stack's name.
        session: The credentials and the region; by default the user's own AWS configuration.
        endpoint_url: The endpoint, if it is not AWS's own.

    Raises:
        UsageError: No credentials, no region, no such stack, or a stack without the output of the state machine.
        botocore.exceptions.ClientError: AWS refused the call for another reason.
    """
    try:
        # Most SDKs read AWS_REGION first; boto3 does not read it at all.
        session = session or boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        client = session.client("cloudformation", endpoint_url=endpoint_url, config=RETRIES)
        stacks = client.describe_stacks(StackName=stack)["Stacks"]
    except BotoCoreError as error:
        hint = _HINTS.get(type(error), "")
        raise UsageError(f"cannot look up stack {stack} in AWS: {error}{hint}") from error
    except ClientError as error:
        # CloudFormation's answer for a stack that does not exist.
        if error.response["Error"]["Code"] == "ValidationError":
            raise UsageError(
                f"there is no stack {stack} in {client.meta.region_name}: deploy it, or select another with --stack"
            ) from error
        raise
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks[0].get("Outputs", [])}
    if MACHINE_OUTPUT not in outputs:
        raise UsageError(
            f"stack {stack} has no output {MACHINE_OUTPUT}: another template made it, or it is not deployed yet"
        )
    return DescribedStack(
        session=session,
        region=client.meta.region_name,
        outputs=outputs,
        parameters={
            p["ParameterKey"]: p.get("ParameterValue", "") for p in stacks[0].get("Parameters", [])
        },
    )


def label_of(stack: str, region: str) -> str:
    """Return the name of a stack in AWS, for messages."""
    return f"stack {stack} in {region}"


def options_of(stack: str) -> str:
    """Return the options of a command that select a stack in AWS."""
    return f"--stack {shlex.quote(stack)}"
