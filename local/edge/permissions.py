"""Which permissions a request needs: action, resource and what its conditions can look at.

Sources: the service authorization reference's pages of the services below; for AgentCore also the developer guide, "IAM
permissions for AgentCore Runtime": what it does with the caller's rights is asked of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

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
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "SelectObjectContent": "GetObject",
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
_VERSIONED = frozenset(
    {
        "DeleteObject",
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "PutObjectAcl",
        "PutObjectTagging",
    }
)
"""S3's actions that have one of their own for a version that is named."""
FREE = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
"""Operations that need no permission, and that no policy can deny (STS API reference)."""
_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
"""The action of each part of a DynamoDB transaction (developer guide, "DynamoDB transactions and IAM")."""


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
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


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
    if (service, operation) in FREE:
        return []
    prefix = _PREFIXES.get(service, service)
    action = f"{prefix}:{_action(service, operation)}"
    special = {
        "s3": _of_s3,
        "bedrock-runtime": _of_models,
        "codebuild": _of_builds,
        "dynamodb": _of_tables,
        "events": _of_events,
        "bedrock-agentcore": _of_invocation,
        "bedrock-agentcore-control": _of_agentcore,
    }.get(service)
    if special is not None:
        return [*special(operation, members, place)]
    found = _resource(service, operation, members, place)
    tags = _request_tags(members)
    context = tags | _context(service, members)
    needed = [Permission(action, found, context)]
    if operation == "CreateUserPool" and tags:
        made = place.arn(service, "userpool/*")
        needed.append(Permission("cognito-idp:TagResource", made, tags))
    if operation in ("UpdateUserPool", "CreateSecret") and tags:
        needed.append(Permission(f"{prefix}:TagResource", found, tags))
    return needed


def _action(service: str, operation: str) -> str:
    return ACTIONS.get(service, {}).get(operation, operation)


def _resource(service: str, operation: str, members: Members, place: Place) -> str | None:
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
    if service == "logs":
        # Policies name groups by an ARN that ends in `:*` (CloudWatch Logs API reference, "LogGroup").
        group, stream = members.get("logGroupName", ""), members.get("logStreamName", "")
        return place.arn("logs", f"log-group:{group}:log-stream:{stream}")
    if service == "stepfunctions":
        named = members.get("stateMachineArn") or members.get("executionArn")
        if named is None and operation == "CreateStateMachine":
            named = place.arn("states", f"stateMachine:{members.get('name')}")
        return named or members.get("resourceArn") or _if_list(operation, members)
    if service == "lambda":
        name = members.get("FunctionName")
        return place.arn("lambda", f"function:{name}") if name else _if_list(operation, members)
    if service == "sqs":
        url = members.get("QueueUrl")
        return (
            place.arn("sqs", str(url).rpartition("/")[2]) if url else _if_list(operation, members)
        )
    if service == "sns":
        return (
            members.get("TopicArn")
            or members.get("TargetArn")
            or members.get("ResourceArn")
            or _if_list(operation, members)
        )
    if service == "sts":
        return members.get("RoleArn") or ANY_RESOURCE
    if service == "resourcegroupstaggingapi":
        return ANY_RESOURCE
    return _if_list(operation, members)


def _if_list(operation: str, members: Members) -> str | None:
    """Return `*` for an operation that lists everything: its request names no resource."""
    return ANY_RESOURCE if operation.startswith("List") and not members else None


def _context(service: str, members: Members) -> dict[str, str]:
    """Return the condition keys of a service's own that stand in its request."""
    if service == "cloudwatch" and "Namespace" in members:
        return {"cloudwatch:namespace": str(members["Namespace"])}
    if service == "secretsmanager" and "Name" in members:
        return {"secretsmanager:Name": str(members["Name"])}
    return {}


def _of_builds(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    named = [
        str(item).partition(":")[0]
        for item in members.get("ids") or members.get("names") or [members.get("id")]
        if item
    ]
    project = members.get("projectName") or (
        members.get("name") if operation.endswith("Project") else None
    )
    for name in [project] if project else sorted({*named}):
        yield Permission(f"codebuild:{operation}", place.arn("codebuild", f"project/{name}"))
    if project is None and not named:
        yield Permission(f"codebuild:{operation}", _if_list(operation, members))


def _of_tables(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    def table(name: str) -> str:
        return place.arn("dynamodb", f"table/{name}")

    if operation in ("TransactGetItems", "TransactWriteItems"):
        for item in members.get("TransactItems", []):
            for part, of in item.items():
                if part in _TRANSACTIONS:
                    yield Permission(f"dynamodb:{_TRANSACTIONS[part]}", table(of.get("TableName")))
        return
    action = f"dynamodb:{operation}"
    if isinstance(members.get("RequestItems"), dict):
        for name in members["RequestItems"]:
            yield Permission(action, table(name))
    elif "TableName" in members:
        index = f"/index/{members['IndexName']}" if "IndexName" in members else ""
        yield Permission(action, table(members["TableName"]) + index, _request_tags(members))
    else:
        yield Permission(action, members.get("ResourceArn") or _if_list(operation, members))


def _of_s3(operation: str, members: Members, _place: Place) -> Iterator[Permission]:
    bucket, key = members.get("Bucket"), members.get("Key")
    if operation == "DeleteObjects":
        for item, version in members.get("Objects", []):
            action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
            yield Permission(action, f"arn:aws:s3:::{bucket}/{item}")
        return
    name = _action("s3", operation)
    keys = ("prefix", "delimiter", "max-keys")
    context = {f"s3:{name}": str(members[name]) for name in keys if name in members}
    if key is None:
        resource = f"arn:aws:s3:::{bucket}" if bucket else ANY_RESOURCE
        yield Permission(f"s3:{name}", resource, context)
        return
    if "versionId" in members:
        context["s3:VersionId"] = str(members["versionId"])
    there = f"arn:aws:s3:::{bucket}/{key}"
    wanted = [name]
    if operation == "GetObjectAttributes":
        wanted.append("GetObject")
    if "x-amz-acl" in members and name == "PutObject":
        wanted.append("PutObjectAcl")
    if "x-amz-tagging" in members and name == "PutObject":
        wanted.append("PutObjectTagging")
    for each in wanted:
        versioned = each in _VERSIONED and "versionId" in members
        action = each.replace("Object", "ObjectVersion", 1) if versioned else each
        yield Permission(f"s3:{action}", there, context)
    if operation in ("CopyObject", "UploadPartCopy"):
        yield from _of_source(str(members.get("x-amz-copy-source", "")))


def _of_source(source: str) -> Iterator[Permission]:
    """Return what reading the source of a copy needs."""
    path, _, query = source.partition("?")
    path = unquote(path).removeprefix("/")
    action = "s3:GetObjectVersion" if query.startswith("versionId=") else "s3:GetObject"
    yield Permission(action, path if path.startswith("arn:") else f"arn:aws:s3:::{path}")


def needed_to_see_nothing(operation: str, members: Members) -> Permission | None:
    """Return what a caller needs in order to be told that an object is not there.

    Without it S3 answers 403 where the object does not exist (API reference, GetObject and HeadObject: "Permissions").

    Args:
        operation: botocore's name of an operation of S3.
        members: The request's input.

    Returns:
        The permission, or `None` for other operations.
    """
    if operation not in ("GetObject", "GetObjectAttributes", "HeadObject"):
        return None
    return Permission("s3:ListBucket", f"arn:aws:s3:::{members.get('Bucket')}")


def _of_models(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    model = str(members.get("modelId"))
    action = f"bedrock:{_action('bedrock-runtime', operation)}"
    if model.startswith("arn:") and ":inference-profile/" not in model:
        yield Permission(action, model)
        return
    model = model.rpartition("/")[2] if model.startswith("arn:") else model
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
    actions, runtime = [operation], members.get("agentRuntimeArn")
    if operation == "InvokeAgentRuntime" and "x-amzn-bedrock-agentcore-runtime-user-id" in members:
        # To speak for a user is an action of its own (developer guide, "Runtime OAuth": user id header).
        actions.append("InvokeAgentRuntimeForUser")
    for each in actions:
        action = f"bedrock-agentcore:{each}"
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


def _request_tags(members: Members) -> dict[str, str | tuple[str, ...]]:
    tags = members.get("UserPoolTags") or members.get("Tags") or members.get("tags") or {}
    if isinstance(tags, list):
        tags = {tag.get("Key"): tag.get("Value") for tag in tags}
    if not tags:
        return {}
    values = {f"aws:RequestTag/{key}": str(value) for key, value in tags.items()}
    return {**values, "aws:TagKeys": tuple(str(key) for key in tags)}
