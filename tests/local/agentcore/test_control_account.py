"""What is looked up in the account before a runtime is accepted: role, image, code."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

ACCOUNT = "123456789012"
REGION = "us-west-2"


def refused(world: World, **request: Any) -> str:
    with pytest.raises(ClientError) as raised:
        world.control.create_agent_runtime(**request)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    return str(raised.value.response["Error"]["Message"])


def role(world: World, name: str, *statements: dict[str, Any]) -> str:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    iam = world.aws("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    return str(made["Role"]["Arn"])


def trust(**conditions: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": ["bedrock-agentcore.amazonaws.com", "lambda.amazonaws.com"]},
        "Action": ["sts:AssumeRole"],
        "Condition": conditions,
    }


@pytest.mark.parametrize("name", ["lambda-role", "no-such-role"])
def test_a_role_that_is_not_there_or_does_not_trust_the_service(world: World, name: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    message = refused(world, **(world.request() | {"roleArn": arn}))
    assert message == (
        f"Role validation failed for '{arn}'. Please verify that the role exists and its trust "
        "policy allows assumption by this service"
    )


def test_a_role_is_checked_on_update_too(world: World) -> None:
    runtime = world.ready()
    request = world.request() | {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role"}
    del request["agentRuntimeName"]
    with pytest.raises(ClientError, match="Role validation failed"):
        world.control.update_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"], **request)
    still = world.control.get_agent_runtime(agentRuntimeId=runtime["agentRuntimeId"])
    assert (still["agentRuntimeVersion"], still["status"]) == ("1", "READY")


RUNTIMES = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}"


@pytest.mark.parametrize(
    ("name", "conditions", "trusted"),
    [
        ("bare", {}, True),
        ("account", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ("other-account", {"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
        ("arn", {"ArnLike": {"aws:SourceArn": f"{RUNTIMES}:*"}}, True),
        ("one-agent", {"ArnLike": {"aws:SourceArn": f"{RUNTIMES}:runtime/echo-*"}}, True),
        ("other-region", {"ArnLike": {"aws:SourceArn": "arn:aws:*:eu-west-1:*"}}, False),
        ("unknown-key", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ("unknown-operator", {"Bool": {"aws:SourceAccount": ACCOUNT}}, False),
    ],
)
def test_the_conditions_of_the_trust_policy(
    world: World, name: str, conditions: dict[str, Any], trusted: bool
) -> None:
    arn = role(world, f"trust-{name}", trust(**conditions))
    request = world.request() | {"roleArn": arn}
    if trusted:
        assert world.control.create_agent_runtime(**request)["status"] == "CREATING"
    else:
        assert "Role validation failed" in refused(world, **request)


def test_a_deny_outweighs_an_allow(world: World) -> None:
    arn = role(world, "denied", trust(), trust() | {"Effect": "Deny"})
    assert "Role validation failed" in refused(world, **(world.request() | {"roleArn": arn}))


def test_a_role_that_becomes_right_is_accepted(world: World) -> None:
    # As a role that was made a moment ago becomes visible.
    arn = f"arn:aws:iam::{ACCOUNT}:role/young"
    request = world.request() | {"roleArn": arn}
    assert "Role validation failed" in refused(world, **request)
    role(world, "young", trust())
    world.control.create_agent_runtime(**request)


def test_an_image_that_is_not_there(world: World) -> None:
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/agents:missing"
    assert uri in refused(world, **world.request(uri=uri))


@pytest.fixture
def bucket(world: World) -> str:
    s3 = world.aws("s3")
    name = f"code-{world.tmp_path.name.replace('_', '-').lower()[-40:].strip('-')}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def code_request(world: World, **location: str) -> dict[str, Any]:
    code = {"code": {"s3": location}, "runtime": "PYTHON_3_11", "entryPoint": ["main.py"]}
    return world.request() | {"agentRuntimeArtifact": {"codeConfiguration": code}}


def test_code_has_to_be_in_its_bucket(world: World, bucket: str) -> None:
    message = refused(world, **code_request(world, bucket=bucket, prefix="a.zip"))
    assert f"s3://{bucket}/a.zip" in message
    message = refused(world, **code_request(world, bucket="no-such-bucket-at-all", prefix="a"))
    assert "no-such-bucket-at-all" in message
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("main.py", "")
    put = world.aws("s3").put_object(Bucket=bucket, Key="a.zip", Body=body.getvalue())
    right = code_request(world, bucket=bucket, prefix="a.zip", versionId=put["VersionId"])
    wrong = code_request(world, bucket=bucket, prefix="a.zip", versionId="no-such-version")
    refused(world, **wrong)
    world.core.quotas.zip_bytes = 10
    assert "larger than 10 bytes" in refused(world, **right)
    world.core.quotas.zip_bytes = 10_000
    world.control.create_agent_runtime(**right)
