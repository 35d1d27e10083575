"""Stacks made by CloudFormation's API: what cannot be made is refused, never passed over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.stack import moto_stacks
from local.stack.known_properties import unknown_properties


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    moto_stacks.install()
    with mock_aws():
        yield boto3.client("cloudformation", region_name="us-east-1")


def body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "a-bucket"}}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", "Nonsense": 1}}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    "kind",
    [
        "AWS::No::Such",
        "AWS::BedrockAgentCore::Runtime",
        "AWS::Serverless::Function",
        "AWS::CloudFormation::WaitCondition",
        "",
    ],
)
def test_a_type_that_cannot_be_made_is_refused(cloudformation: Any, kind: str) -> None:
    template = body(Bucket=BUCKET, Other={"Type": kind, "Properties": {"Nonsense": 1}})
    expected = ("ValidationError", f"Template format error: Unrecognized resource types: [{kind}]")
    create = cloudformation.create_stack
    assert refusal(create, StackName="one", TemplateBody=template) == expected
    change = cloudformation.create_change_set
    given = {"ChangeSetName": "c", "ChangeSetType": "CREATE"}
    assert refusal(change, StackName="two", TemplateBody=template, **given) == expected
    assert cloudformation.describe_stacks()["Stacks"] == []

    create(StackName="three", TemplateBody=body(Bucket=BUCKET))
    update = cloudformation.update_stack
    assert refusal(update, StackName="three", TemplateBody=template) == expected
    (stack,) = cloudformation.describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_property_that_would_be_ignored_fails_the_stack(cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="one", TemplateBody=body(Bucket=BUCKET, Queue=QUEUE))
    (stack,) = cloudformation.describe_stacks(StackName="one")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="one")["StackEvents"]
    said = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert said == [
        "Properties validation failed for resource Queue (AWS::SQS::Queue): this local AWS does not know Nonsense"
    ]
    # What was made before is gone again.
    assert boto3.client("s3", region_name="us-east-1").list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    ("kind", "properties", "unknown"),
    [
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Colour": "red"}}, "Versioning"),
        (
            "AWS::S3::Bucket",
            {
                "LifecycleConfiguration": {
                    "Rules": [{"Status": "Enabled", "ExpirationInDays": 1, "Colour": "red"}]
                }
            },
            "LifecycleConfiguration.Rules.Colour",
        ),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a", "Value": "b", "Colour": "c"}]}, "Tags.Colour"),
        (
            "AWS::IAM::ManagedPolicy",
            {"PolicyDocument": POLICY, "Tags": [{"Key": "a", "Value": "b"}]},
            "Tags",
        ),
    ],
    ids=str,
)
def test_an_unknown_property_below_another_fails_the_stack(
    cloudformation: Any, kind: str, properties: dict[str, Any], unknown: str
) -> None:
    template = body(Thing={"Type": kind, "Properties": properties})
    given: Any = {"TemplateBody": template, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    cloudformation.create_stack(StackName="one", **given)
    (stack,) = cloudformation.describe_stacks(StackName="one")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="one")["StackEvents"]
    (said,) = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert unknown in said


def test_an_update_with_an_unknown_property_below_another_fails(cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="one", TemplateBody=body(Bucket=BUCKET))
    versioned = {"VersioningConfiguration": {"Status": "Enabled", "Colour": "red"}}
    changed = {**BUCKET, "Properties": {"BucketName": "a-bucket", **versioned}}
    cloudformation.update_stack(StackName="one", TemplateBody=body(Bucket=changed))
    (stack,) = cloudformation.describe_stacks(StackName="one")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"


@pytest.mark.parametrize(
    ("kind", "properties", "unknown"),
    [
        ("AWS::KMS::Key", {"KeyPolicy": {"Colour": "red"}}, []),
        ("AWS::SSM::Parameter", {"Tags": {"colour": "red"}}, []),
        ("AWS::Lambda::Function", {"Environment": {"Variables": {"COLOUR": "red"}}}, []),
        ("AWS::Lambda::Function", {"Environment": {"COLOUR": "red"}}, ["Environment.COLOUR"]),
        ("Custom::Thing", {"Colour": {"Deep": "red"}}, []),
    ],
    ids=str,
)
def test_documents_and_maps_may_hold_any_name(
    kind: str, properties: dict[str, Any], unknown: list[str]
) -> None:
    assert unknown_properties(kind, properties) == unknown


def test_what_can_be_made_is_made(cloudformation: Any) -> None:
    good = {**QUEUE, "Properties": {"QueueName": "q", "VisibilityTimeout": 5}}
    cloudformation.create_stack(StackName="one", TemplateBody=body(Bucket=BUCKET, Queue=good))
    (stack,) = cloudformation.describe_stacks(StackName="one")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    cloudformation.delete_stack(StackName="one")
    assert boto3.client("s3", region_name="us-east-1").list_buckets()["Buckets"] == []


def test_iam_resources_have_to_be_acknowledged(cloudformation: Any) -> None:
    create = cloudformation.create_stack
    insufficient = "InsufficientCapabilitiesException"
    assert refusal(create, StackName="one", TemplateBody=body(Role=ROLE)) == (
        insufficient,
        "Requires capabilities : [CAPABILITY_IAM]",
    )
    named: Any = {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "r"}}  # type: ignore[dict-item]
    given = {"StackName": "one", "Capabilities": ["CAPABILITY_IAM"]}
    assert refusal(create, TemplateBody=body(Role=named), **given)[0] == insufficient
    create(TemplateBody=body(Role=ROLE), **given)
    named_too = {"StackName": "two", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    create(TemplateBody=body(Role=named), **named_too)


def test_parameters_are_checked(cloudformation: Any) -> None:
    template = json.loads(body(Bucket=BUCKET))
    template["Parameters"] = {"Size": {"Type": "String", "AllowedValues": ["s", "m"]}}
    for key, value in (("Other", "s"), ("Size", "xl")):
        code, message = refusal(
            cloudformation.create_stack,
            StackName="one",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value}],
        )
        assert (code, key in message) == ("ValidationError", True)


def test_a_template_runs_no_code(cloudformation: Any) -> None:
    template = "Resources: !!python/object/apply:os.getcwd []"
    code, _ = refusal(cloudformation.create_stack, StackName="one", TemplateBody=template)
    assert code == "ValidationError"
