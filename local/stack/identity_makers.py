"""Creators for IAM and KMS."""

from __future__ import annotations

import json
from typing import Any

from local.moto.iam import know_managed_policy
from local.stack.errors import TemplateError
from local.stack.making import Creator, Making, Properties, Resource, given, tags


def policy_text(document: dict[str, Any]) -> str:
    """Return a policy as JSON; moto requires the version that IAM lets people leave out.

    Raises:
        TemplateError: The policy has variables and no version: IAM takes 2008-10-17 then, which has no variables, and
            moto takes 2012-10-17 alone.
    """
    text = json.dumps({"Version": "2012-10-17", **document})
    if "Version" not in document and "${" in text:
        raise TemplateError("a policy with policy variables needs Version: '2012-10-17'")
    return text


def role(making: Making, properties: Properties) -> Resource:
    """Make a role with its inline and managed policies."""
    iam = making.client("iam")
    name = properties.take("RoleName") or making.name(properties.logical_id)
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(properties.need("AssumeRolePolicyDocument")),
        **given(
            Path=properties.take("Path"),
            Description=properties.take("Description"),
            MaxSessionDuration=properties.take("MaxSessionDuration"),
            PermissionsBoundary=properties.take("PermissionsBoundary"),
            Tags=tags(properties.take("Tags")) or None,
        ),
    )["Role"]
    for policy in properties.take("Policies", []):
        iam.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=policy_text(policy["PolicyDocument"]),
        )
    for arn in properties.take("ManagedPolicyArns", []):
        know_managed_policy(making.account_id, arn)
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Resource(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


def inline_policy(making: Making, properties: Properties) -> Resource:
    """Put an inline policy on roles."""
    iam = making.client("iam")
    name = properties.need("PolicyName")
    document = policy_text(properties.need("PolicyDocument"))
    for role_name in properties.take("Roles", []):
        iam.put_role_policy(RoleName=role_name, PolicyName=name, PolicyDocument=document)
    return Resource(name)


def managed_policy(making: Making, properties: Properties) -> Resource:
    """Make a managed policy and attach it to roles."""
    iam = making.client("iam")
    arn = iam.create_policy(
        PolicyName=properties.take("ManagedPolicyName")
        or making.name(properties.logical_id, longest=128),
        PolicyDocument=policy_text(properties.need("PolicyDocument")),
        **given(Path=properties.take("Path"), Description=properties.take("Description")),
    )["Policy"]["Arn"]
    for role_name in properties.take("Roles", []):
        know_managed_policy(making.account_id, arn)
        iam.attach_role_policy(RoleName=role_name, PolicyArn=arn)
    return Resource(arn, {"PolicyArn": arn})


def kms_key(making: Making, properties: Properties) -> Resource:
    """Make a key."""
    kms = making.client("kms")
    policy = properties.take("KeyPolicy")
    key = kms.create_key(
        Tags=[
            {"TagKey": tag["Key"], "TagValue": tag["Value"]}
            for tag in tags(properties.take("Tags"))
        ],
        **given(
            Description=properties.take("Description"),
            Policy=json.dumps(policy) if policy else None,
            KeySpec=properties.take("KeySpec"),
            KeyUsage=properties.take("KeyUsage"),
        ),
    )["KeyMetadata"]
    if properties.take("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=key["KeyId"])
    properties.without_effect("PendingWindowInDays", "Enabled")
    return Resource(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def kms_alias(making: Making, properties: Properties) -> Resource:
    """Name a key."""
    name = properties.need("AliasName")
    making.client("kms").create_alias(
        AliasName=name, TargetKeyId=properties.need("TargetKeyId").rpartition("/")[2]
    )
    return Resource(name)


CREATORS: dict[str, Creator] = {
    "AWS::IAM::Role": role,
    "AWS::IAM::Policy": inline_policy,
    "AWS::IAM::ManagedPolicy": managed_policy,
    "AWS::KMS::Key": kms_key,
    "AWS::KMS::Alias": kms_alias,
}
