"""Which permissions a request needs: action, resource and what its conditions can look at.

Sources: the service authorization reference's pages of the services below; for AgentCore also the developer guide, "IAM
permissions for AgentCore Runtime": what it does with the caller's rights is asked of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Members = Mapping[str, Any]

ANY_RESOURCE = "*"
"""The resource of an action that has none to name: only a policy's `*` fits."""

_PREFIXES = {
    "bedrock-agentcore-control": "bedrock-agentcore",
    "bedrock-runtime": "bedrock",
    "cloudwatch": "cloudwatch",
    "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
}
ACTIONS = {
    "bedrock-runtime": {
        "Converse": "InvokeModel",
        "ConverseStream": "InvokeModelWithResponseStream",
    },
    "lambda": {
        "GetLayerVersionByArn": "GetLayerVersion",
        "Invoke": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    },
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
}
"""Actions where they are not the operation's name (service authorization reference, "Actions, resources, and condition
keys" of each service; for S3 also its user guide, "Required permissions for Amazon S3 API operations")."""
_VERSIONED = {"GetObject", "DeleteObject"}


@dataclass(frozen=True)
class Permission:
    """One thing that a policy must allow.

    Attributes:
        action: Such as `s3:GetObject`.
        resource: An ARN, `ANY_RESOURCE`, or `None` where it is not known here which resource is meant.
        context: Condition keys that are known of the request, such as `iam:PassedToService`.
    """

    action: str
    resource: str | None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where ARNs are.

    Attributes:
        region: Region.
        account_id: Account.
    """

    region: str
    account_id: str

    def arn(self, service: str, resource: str) -> str:
        """Name a resource, or leave it as it is if it is an ARN already."""
        if resource.startswith("arn:"):
            return resource
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


def permissions(service: str, operation: str, members: Members, place: Place) -> list[Permission]:
    """Return everything that a caller needs to be allowed for a request.

    Args:
        service: botocore's name of the service.
        operation: botocore's name of the operation.
        members: The request's input by its names on the wire.
        place: Region and account.
    """
    prefix = _PREFIXES.get(service, service)
    action = f"{prefix}:{_action(service, operation)}"
    special = {
        "s3": _of_s3,
        "bedrock-runtime": _of_models,
        "events": _of_events,
        "bedrock-agentcore": _of_invocation,
        "bedrock-agentcore-control": _of_agentcore,
    }.get(service)
    if special is not None:
        return [*special(operation, members, place)]
    found = _resource(service, operation, members, place)
    tags = _request_tags(members)
    needed = [Permission(action, found, tags)]
    if operation == "CreateUserPool" and tags:
        made = place.arn(service, "userpool/*")
        needed.append(Permission("cognito-idp:TagResource", made, tags))
    if operation in ("UpdateUserPool", "CreateSecret") and tags:
        needed.append(Permission(f"{prefix}:TagResource", found, tags))
    return needed


def _action(service: str, operation: str) -> str:
    return ACTIONS.get(service, {}).get(operation, operation)


def _resource(service: str, operation: str, members: Members, place: Place) -> str | None:
    if service == "dynamodb" and "TableName" in members:
        return place.arn("dynamodb", f"table/{members['TableName']}")
    if service == "cognito-idp":
        pool = members.get("UserPoolId")
        if "ResourceArn" in members:
            return str(members["ResourceArn"])
        return place.arn("cognito-idp", f"userpool/{pool}") if pool else ANY_RESOURCE
    if service == "secretsmanager":
        name = members.get("SecretId") or members.get("Name")
        if name is None or str(name).startswith("arn:"):
            return name or ANY_RESOURCE
        # An ARN ends in six characters of Secrets Manager's own.
        return place.arn("secretsmanager", f"secret:{name}-??????")
    if service == "ecr":
        name = members.get("repositoryName")
        return place.arn("ecr", f"repository/{name}") if name else ANY_RESOURCE
    if service == "codebuild":
        name = members.get("projectName") or _project_of(members)
        return place.arn("codebuild", f"project/{name}") if name else None
    if service == "logs":
        # Policies name groups by an ARN that ends in `:*` (CloudWatch Logs API reference, "LogGroup").
        group, stream = members.get("logGroupName", ""), members.get("logStreamName", "")
        return place.arn("logs", f"log-group:{group}:log-stream:{stream}")
    if service == "stepfunctions":
        return members.get("stateMachineArn") or members.get("executionArn")
    if service == "resourcegroupstaggingapi":
        return ANY_RESOURCE
    return None


def _project_of(members: Members) -> str | None:
    ids = members.get("ids") or [members.get("id")]
    return str(ids[0]).partition(":")[0] if ids[0] else None


def _of_s3(operation: str, members: Members, _place: Place) -> Iterator[Permission]:
    bucket, key = members.get("Bucket"), members.get("Key")
    if operation == "DeleteObjects":
        for item, version in members.get("Objects", []):
            action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
            yield Permission(action, f"arn:aws:s3:::{bucket}/{item}")
        return
    name = _action("s3", operation)
    if key is None:
        yield Permission(f"s3:{name}", f"arn:aws:s3:::{bucket}" if bucket else ANY_RESOURCE)
        return
    if operation == "HeadObject":
        # Without it a missing object is a 403.
        yield Permission("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    if name in _VERSIONED and "versionId" in members:
        name += "Version"
    yield Permission(f"s3:{name}", f"arn:aws:s3:::{bucket}/{key}")


def _of_models(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    model = str(members.get("modelId"))
    action = f"bedrock:{_action('bedrock-runtime', operation)}"
    profile = re.match(r"(?:global|us|eu|jp|apac|au)\.(?P<model>.+)", model)
    if profile is None:
        yield Permission(action, f"arn:aws:bedrock:{place.region}::foundation-model/{model}")
        return
    # A profile needs itself and the model behind it, here and wherever the request may be routed to.
    arn = place.arn("bedrock", f"inference-profile/{model}")
    yield Permission(action, arn)
    for region in (place.region, ""):
        behind = f"arn:aws:bedrock:{region}::foundation-model/{profile['model']}"
        yield Permission(action, behind, {"bedrock:InferenceProfileArn": arn})


def _of_events(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    for entry in members.get("Entries", [{}]):
        bus = entry.get("EventBusName", "default")
        yield Permission(f"events:{operation}", place.arn("events", f"event-bus/{bus}"))


def _of_invocation(operation: str, members: Members, _place: Place) -> Iterator[Permission]:
    action, runtime = f"bedrock-agentcore:{operation}", members.get("agentRuntimeArn")
    yield Permission(action, runtime)
    if runtime is not None:
        endpoint = members.get("qualifier", "DEFAULT")
        yield Permission(action, f"{runtime}/runtime-endpoint/{endpoint}")


def _of_agentcore(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    action = f"bedrock-agentcore:{operation}"
    runtime, endpoint = members.get("agentRuntimeId"), members.get("endpointName")
    arn = place.arn("bedrock-agentcore", f"runtime/{runtime}")
    if "resourceArn" in members:
        yield Permission(action, str(members["resourceArn"]))
    elif runtime is None or operation == "ListAgentRuntimeEndpoints":
        yield Permission(action, ANY_RESOURCE)
    else:
        yield Permission(action, arn)
        if endpoint is not None:
            yield Permission(action, f"{arn}/runtime-endpoint/{endpoint}")
    made = arn if runtime else place.arn("bedrock-agentcore", "runtime/*")
    if operation.startswith("Create") and members.get("tags"):
        yield Permission("bedrock-agentcore:TagResource", made)
    if operation == "CreateAgentRuntime":
        yield Permission("bedrock-agentcore:CreateAgentRuntimeEndpoint", made)
    if operation == "DeleteAgentRuntime":
        yield Permission("bedrock-agentcore:DeleteAgentRuntimeEndpoint", arn)
        yield Permission(
            "bedrock-agentcore:DeleteAgentRuntimeEndpoint", f"{arn}/runtime-endpoint/DEFAULT"
        )
    if operation in ("CreateAgentRuntime", "UpdateAgentRuntime"):
        passed = {"iam:PassedToService": "bedrock-agentcore.amazonaws.com"}
        yield Permission("iam:PassRole", str(members.get("roleArn")), passed)
        yield from _of_artifact(members.get("agentRuntimeArtifact") or {})
    workload = {"CreateAgentRuntime": "Create", "DeleteAgentRuntime": "Delete"}.get(operation)
    if workload is not None:
        needed = f"bedrock-agentcore:{workload}WorkloadIdentity"
        directory = place.arn("bedrock-agentcore", "workload-identity-directory/default")
        yield Permission(needed, directory)
        yield Permission(needed, f"{directory}/workload-identity/*")


def _of_artifact(artifact: Members) -> Iterator[Permission]:
    s3 = artifact.get("codeConfiguration", {}).get("code", {}).get("s3", {})
    if s3:
        action = "s3:GetObjectVersion" if s3.get("versionId") else "s3:GetObject"
        yield Permission(action, f"arn:aws:s3:::{s3.get('bucket')}/{s3.get('prefix')}")


def _request_tags(members: Members) -> dict[str, str]:
    tags = members.get("UserPoolTags") or members.get("Tags") or members.get("tags") or {}
    if isinstance(tags, list):
        tags = {tag.get("Key"): tag.get("Value") for tag in tags}
    return {f"aws:RequestTag/{key}": str(value) for key, value in tags.items()}
