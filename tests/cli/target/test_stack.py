"""Finding the state machine of a stack in AWS."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from cli.errors import UsageError
from cli.target.deployed import deployed, lifecycle_of
from cli.target.stack import describe_stack
from tests.cli.target.fakes import MACHINE, FakeSession


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStacks")


def test_a_stack_is_found_by_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    session: Any = FakeSession({"StateMachineArn": MACHINE, "Other": "x"})
    monkeypatch.setattr(boto3, "Session", lambda **_: session)
    found = lifecycle_of(deployed("mine", local=False, state_dir=None))
    assert found.machine_arn == MACHINE
    assert found.lasting
    assert found.label == "stack mine in us-east-1"
    assert (found.options, found.aws) == ("--stack mine", "aws --region us-east-1")


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any AWS configuration."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")


@pytest.mark.usefixtures("unconfigured")
def test_the_region_may_stand_in_aws_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    def session(region_name: str) -> FakeSession:
        return FakeSession({"StateMachineArn": MACHINE}, region_name)

    monkeypatch.setattr(boto3, "Session", session)
    assert deployed("mine", local=False, state_dir=None).label == "stack mine in eu-west-1"


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize("empty", [True, False])
def test_without_a_region_it_is_said_what_to_set(
    monkeypatch: pytest.MonkeyPatch, *, empty: bool
) -> None:
    if empty:
        monkeypatch.setenv("AWS_REGION", "")
    with pytest.raises(UsageError, match="Set AWS_REGION, or let AWS_PROFILE name a profile"):
        describe_stack("mine")


@pytest.mark.usefixtures("unconfigured")
def test_a_profile_that_is_not_there_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UsageError, match=r"profile \(nobody\) could not be found"):
        describe_stack("mine")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (refused("ValidationError"), "there is no stack mine in us-east-1"),
        ({"Other": "x"}, "stack mine has no output StateMachineArn"),
        (NoCredentialsError(), "Let AWS_PROFILE name a profile that is signed in"),
    ],
)
def test_what_is_wrong_with_a_stack_is_said(
    outputs: dict[str, str] | Exception, message: str
) -> None:
    session: Any = FakeSession(outputs)
    with pytest.raises(UsageError, match=message):
        describe_stack("mine", session)


def test_a_refusal_by_aws_is_no_bad_usage() -> None:
    session: Any = FakeSession(refused("AccessDenied"))
    with pytest.raises(ClientError):
        describe_stack("mine", session)
