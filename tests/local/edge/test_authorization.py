"""What a role may do is what its policies say: action, resource and conditions."""

from __future__ import annotations

from typing import Any

import pytest

from local.edge.iam.actions import ACTIONS
from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import BEARER, Place, Sender
from local.edge.iam.permissions import permissions
from local.edge.iam.roles import Role
from local.edge.operations import Operations

PLACE = Place("eu-west-1", "123456789012")
HERE = "eu-west-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/stage"
RUNTIME = f"arn:aws:bedrock-agentcore:{HERE}:runtime/dev-abc"


def statement(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> Any:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def refused(
    statements: list[Any],
    service: str,
    operation: str,
    tags: dict[str, str] | None = None,
    **members: Any,
) -> str | None:
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam = Authorization(PLACE, lambda arn: [policy] if arn == ROLE else [], lambda arn: tags or {})
    return iam.refusal(ROLE, service, operation, members)


OBJECT = {"Bucket": "b", "Key": "k"}
GET = ("dynamodb", "GetItem")
TABLE = f"arn:aws:dynamodb:{HERE}:table/environments"


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([statement("dynamodb:GetItem", TABLE)], True),
        ([statement("DynamoDB:getitem", TABLE)], True),
        ([statement(["dynamodb:Get*"], [TABLE, "other"])], True),
        ([statement("dynamodb:GetItem", f"{TABLE}-of-others")], False),
        ([statement("dynamodb:GetItem", TABLE.replace("environments", "environment?"))], True),
        ([statement("dynamodb:PutItem", TABLE)], False),
        ([statement("*", TABLE), statement("dynamodb:*", "*", "Deny")], False),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "*", "NotResource": TABLE}], False),
    ],
)
def test_action_and_resource_decide(statements: list[Any], allowed: bool) -> None:
    assert (refused(statements, *GET, TableName="environments") is None) is allowed


def test_a_refusal_reads_as_iam_writes_it() -> None:
    assert refused([], *GET, TableName="environments") == (
        "User: arn:aws:sts::123456789012:assumed-role/stage/session is not authorized to perform: dynamodb:GetItem "
        f"on resource: {TABLE} because no identity-based policy allows the dynamodb:GetItem action"
    )
    denied = refused([statement("*", "*", "Deny")], *GET, TableName="environments")
    assert denied is not None
    assert denied.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(
    ("condition", "tags", "allowed"),
    [
        ({"StringEquals": {"aws:ResourceTag/stack": "s"}}, {"stack": "s"}, True),
        # Every key of an operator has to hold: a tag that is there, and one that is not.
        ({"Null": {"aws:ResourceTag/host": "false", "aws:ResourceTag/stack": "true"}}, {}, False),
        (
            {"Null": {"aws:ResourceTag/host": "false", "aws:ResourceTag/stack": "true"}},
            {"host": "h"},
            True,
        ),
        (
            {"Null": {"aws:ResourceTag/host": "false", "aws:ResourceTag/stack": "true"}},
            {"host": "h", "stack": "s"},
            False,
        ),
        ({"StringEquals": {"aws:resourcetag/stack": ["t", "s"]}}, {"stack": "s"}, True),
        ({"StringEquals": {"aws:ResourceTag/stack": "s"}}, {"stack": "t"}, False),
        ({"StringEquals": {"aws:ResourceTag/stack": "s"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/stack": "s"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/stack": "s"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/stack": "s"}}, {"stack": "s"}, False),
        ({"StringLike": {"aws:ResourceTag/stack": "agent*"}}, {"stack": "agentcore"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
    ],
)
def test_conditions_decide(condition: Any, tags: dict[str, str], allowed: bool) -> None:
    given = [statement("cognito-idp:*", Condition=condition)]
    reason = refused(given, "cognito-idp", "DeleteUserPool", tags, UserPoolId="eu-west-1_x")
    assert (reason is None) is allowed


NOW = 1790000000.0  # 2026-09-21T14:13:20Z
SENDER = Sender("eu-west-1", "127.0.0.1", "aws-cli/2", None, NOW)


def read(condition: Any, effect: str = "Allow", resource: Any = "*") -> bool:
    """Say whether a role may read an object under a condition."""
    given = [statement("s3:GetObject", resource, effect, Condition=condition)]
    if effect == "Deny":
        given.append(statement("*"))
    policy = {"Version": "2012-10-17", "Statement": given}
    iam = Authorization(PLACE, lambda _: [policy], lambda _: {})
    return iam.refusal(ROLE, "s3", "GetObject", OBJECT, SENDER) is None


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        # The build role of AWS's own toolkit has the first one.
        ({"StringEquals": {"s3:ResourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"s3:ResourceAccount": "210987654321"}}, False),
        ({"StringEquals": {"aws:ResourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": ["1", "123456789012"]}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "1"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"ArnEquals": {"aws:PrincipalArn": ROLE}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/st*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:*:role/stage"}}, False),
        ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"Bool": {"aws:ViaAWSService": "false"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
        ({"StringLike": {"aws:UserAgent": "aws-cli/*"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-09-21T14:13:19Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-09-21T14:13:20Z"}}, False),
        ({"DateLessThanEquals": {"aws:CurrentTime": "2026-09-21T14:13:20Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "no date"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1789999999"}}, True),
        ({"NumericLessThan": {"aws:EpochTime": "1789999999"}}, False),
        ({"NumericNotEquals": {"aws:EpochTime": "1"}}, True),
        ({"StringEqualsIgnoreCase": {"aws:RequestedRegion": "EU-WEST-1"}}, True),
        ({"StringNotEqualsIgnoreCase": {"aws:RequestedRegion": "EU-WEST-1"}}, False),
        ({"stringequals": {"AWS:requestedregion": "eu-west-1"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:SourceVpc}"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "${aws:SourceVpc, 'eu-west-1'}"}}, True),
        ({"BinaryEquals": {"aws:SourceVpc": "YWJj"}}, False),
    ],
)
def test_every_request_has_these_keys(condition: Any, allowed: bool) -> None:
    assert read(condition) is allowed


@pytest.mark.parametrize(
    "key", ["aws:SourceVpc", "aws:PrincipalOrgID", "aws:NoSuchKey", "s3:prefix"]
)
@pytest.mark.parametrize(
    ("operator", "allowed"),
    [
        *((name, False) for name in ("StringEquals", "StringLike", "ArnLike", "Bool", "IpAddress")),
        *((name, False) for name in ("NumericEquals", "NumericLessThan", "DateEquals")),
        *((name, True) for name in ("StringNotEquals", "StringNotLike", "ArnNotEquals")),
        *((name, True) for name in ("StringNotEqualsIgnoreCase", "NotIpAddress", "DateNotEquals")),
        *((f"{name}IfExists", True) for name in ("StringEquals", "Bool", "NumericLessThan")),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_the_request_does_not_have(key: str, operator: str, allowed: bool) -> None:
    assert read({operator: {key: "1"}}) is allowed
    assert read({"Null": {key: "true"}})
    assert not read({"Null": {key: "false"}})
    assert not read({"Null": {"aws:PrincipalArn": True}})
    assert read({operator: {key: "1"}}, "Deny") is not allowed


@pytest.mark.parametrize("operator", ["StringMatches", "NullIfNot", "Every:StringEquals", ""])
def test_an_operator_that_iam_does_not_have_opens_nothing(operator: str) -> None:
    assert not read({operator: {"aws:RequestedRegion": "eu-west-1"}})
    assert not read({operator: {"aws:RequestedRegion": "eu-west-1"}}, "Deny")


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        ("arn:aws:s3:::${aws:RequestedRegion}/*", False),
        ("arn:aws:s3:::b/${s3:VersionId, 'k'}", True),
        ("arn:aws:s3:::b/${s3:VersionId}", False),
        ("arn:aws:s3:::b/${*}", False),
        ("arn:aws:s3:::b/${s3:VersionId, '*'}", False),
    ],
)
def test_policy_variables_in_resources(resource: str, allowed: bool) -> None:
    given = [statement("s3:GetObject", resource)]
    assert (refused(given, "s3", "GetObject", Bucket="b", Key="k") is None) is allowed


@pytest.mark.parametrize(("version", "allowed"), [("2012-10-17", True), ("2008-10-17", False)])
def test_only_the_newer_version_has_policy_variables(version: str, allowed: bool) -> None:
    same = {"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}
    policy = {"Version": version, "Statement": [statement("s3:*", Condition=same)]}
    iam = Authorization(PLACE, lambda _: [policy], lambda _: {})
    assert (iam.refusal(ROLE, "s3", "GetObject", OBJECT, SENDER) is None) is allowed


@pytest.mark.parametrize(
    ("operator", "values", "allowed"),
    [
        ("ForAllValues:StringEquals", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", ["a"], False),
        ("ForAnyValue:StringEquals", ["a"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAllValues:StringNotEquals", ["c"], True),
        ("ForAllValues:StringNotEquals", ["a"], False),
    ],
)
def test_keys_with_several_values(operator: str, values: list[str], allowed: bool) -> None:
    given = [statement("*", Condition={operator: {"aws:TagKeys": values}})]
    tags = {"a": "1", "b": "2"}
    reason = refused(given, "cognito-idp", "CreateUserPool", UserPoolTags=tags)
    assert (reason is None) is allowed


def test_a_listing_may_be_bound_to_a_prefix() -> None:
    given = [statement("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "mine/*"}})]
    allowed = refused(given, "s3", "ListObjectsV2", Bucket="b", prefix="mine/x")
    assert allowed is None
    assert refused(given, "s3", "ListObjectsV2", Bucket="b", prefix="theirs/x")
    assert refused(given, "s3", "ListObjectsV2", Bucket="b")


def test_what_nobody_has_to_be_allowed() -> None:
    assert refused([], "sts", "GetCallerIdentity") is None
    assert refused([statement("*", "*", "Deny")], "sts", "GetCallerIdentity") is None
    assert refused([], "sts", "AssumeRole", RoleArn=ROLE)


@pytest.mark.parametrize(
    ("service", "operation", "members", "needed"),
    [
        (
            "cognito-idp",
            "AdminGetUser",
            {"UserPoolId": "p"},
            [("cognito-idp:AdminGetUser", f"arn:aws:cognito-idp:{HERE}:userpool/p")],
        ),
        ("cognito-idp", "ListUserPools", {"MaxResults": 60}, [("cognito-idp:ListUserPools", "*")]),
        (
            "cognito-idp",
            "CreateUserPool",
            {"UserPoolTags": {"a": "b"}},
            [
                ("cognito-idp:CreateUserPool", "*"),
                ("cognito-idp:TagResource", f"arn:aws:cognito-idp:{HERE}:userpool/*"),
            ],
        ),
        (
            "secretsmanager",
            "DescribeSecret",
            {"SecretId": "s/dev"},
            [
                (
                    "secretsmanager:DescribeSecret",
                    f"arn:aws:secretsmanager:{HERE}:secret:s/dev-??????",
                )
            ],
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": f"arn:aws:secretsmanager:{HERE}:secret:s/dev-abcdef"},
            [
                (
                    "secretsmanager:GetSecretValue",
                    f"arn:aws:secretsmanager:{HERE}:secret:s/dev-abcdef",
                )
            ],
        ),
        ("secretsmanager", "GetRandomPassword", {}, [("secretsmanager:GetRandomPassword", "*")]),
        (
            "s3",
            "HeadObject",
            {"Bucket": "b", "Key": "k/x"},
            [("s3:GetObject", "arn:aws:s3:::b/k/x")],
        ),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "k", "versionId": "1"},
            [("s3:GetObjectVersion", "arn:aws:s3:::b/k")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f")],
        ),
        ("lambda", "GetLayerVersion", {"LayerName": "l"}, [("lambda:GetLayerVersion", None)]),
        ("lambda", "ListFunctions", {}, [("lambda:ListFunctions", "*")]),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://localhost/123456789012/q"},
            [("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q")],
        ),
        ("sns", "Publish", {"TopicArn": "arn:t"}, [("sns:Publish", "arn:t")]),
        ("sts", "AssumeRole", {"RoleArn": ROLE}, [("sts:AssumeRole", ROLE)]),
        (
            "s3",
            "CopyObject",
            {**OBJECT, "x-amz-copy-source": "/from/a%20b?versionId=1"},
            [
                ("s3:PutObject", "arn:aws:s3:::b/k"),
                ("s3:GetObjectVersion", "arn:aws:s3:::from/a b"),
            ],
        ),
        (
            "s3",
            "UploadPartCopy",
            {**OBJECT, "x-amz-copy-source": "from/a"},
            [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::from/a")],
        ),
        (
            "s3",
            "PutObject",
            {**OBJECT, "x-amz-acl": "private", "x-amz-tagging": "a=b"},
            [
                (f"s3:{action}", "arn:aws:s3:::b/k")
                for action in ("PutObject", "PutObjectAcl", "PutObjectTagging")
            ],
        ),
        (
            "s3",
            "GetObjectAttributes",
            OBJECT,
            [
                ("s3:GetObjectAttributes", "arn:aws:s3:::b/k"),
                ("s3:GetObject", "arn:aws:s3:::b/k"),
            ],
        ),
        (
            "s3",
            "GetObjectTagging",
            {**OBJECT, "versionId": "1"},
            [("s3:GetObjectVersionTagging", "arn:aws:s3:::b/k")],
        ),
        ("s3", "GetBucketCors", {"Bucket": "b"}, [("s3:GetBucketCors", "arn:aws:s3:::b")]),
        (
            "dynamodb",
            "Query",
            {"TableName": "environments", "IndexName": "by-owner"},
            [("dynamodb:Query", f"{TABLE}/index/by-owner")],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "environments"}},
                    {"ConditionCheck": {"TableName": "environments"}},
                ]
            },
            [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
        ),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"environments": {}}},
            [("dynamodb:BatchGetItem", TABLE)],
        ),
        (
            "codebuild",
            "BatchGetBuilds",
            {"ids": ["one:1", "two:2"]},
            [
                ("codebuild:BatchGetBuilds", f"arn:aws:codebuild:{HERE}:project/one"),
                ("codebuild:BatchGetBuilds", f"arn:aws:codebuild:{HERE}:project/two"),
            ],
        ),
        (
            "bedrock-agentcore",
            "InvokeAgentRuntime",
            {"agentRuntimeArn": RUNTIME, "x-amzn-bedrock-agentcore-runtime-user-id": "ann"},
            [
                (f"bedrock-agentcore:InvokeAgentRuntime{whom}", f"{RUNTIME}{of}")
                for whom in ("", "ForUser")
                for of in ("", "/runtime-endpoint/DEFAULT")
            ],
        ),
        (
            "bedrock-agentcore",
            "GetAgentCard",
            {"agentRuntimeArn": RUNTIME, "qualifier": "live"},
            [
                ("bedrock-agentcore:GetAgentCard", RUNTIME),
                ("bedrock-agentcore:GetAgentCard", f"{RUNTIME}/runtime-endpoint/live"),
            ],
        ),
        (
            "bedrock-agentcore",
            "InvokeAgentRuntimeWithWebSocketStream",
            {"agentRuntimeArn": RUNTIME, "qualifier": "live"},
            [
                ("bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream", f"{RUNTIME}{of}")
                for of in ("", "/runtime-endpoint/live")
            ],
        ),
        (
            "bedrock-runtime",
            "Converse",
            {"modelId": "arn:aws:bedrock:eu-west-1::foundation-model/m"},
            [("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/m")],
        ),
        ("s3", "HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "ListObjects", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
        ("s3", "ListParts", OBJECT, [("s3:ListMultipartUploadParts", "arn:aws:s3:::b/k")]),
        (
            "s3",
            "ListObjectVersions",
            {"Bucket": "b"},
            [("s3:ListBucketVersions", "arn:aws:s3:::b")],
        ),
        ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, [("s3:PutObject", "arn:aws:s3:::b/k")]),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Objects": [("k", "1"), ("l", None)]},
            [
                ("s3:DeleteObjectVersion", "arn:aws:s3:::b/k"),
                ("s3:DeleteObject", "arn:aws:s3:::b/l"),
            ],
        ),
        (
            "codebuild",
            "BatchGetBuilds",
            {"ids": ["project:1234"]},
            [("codebuild:BatchGetBuilds", f"arn:aws:codebuild:{HERE}:project/project")],
        ),
        (
            "logs",
            "DeleteLogGroup",
            {"logGroupName": "/a"},
            [("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:log-group:/a:log-stream:")],
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{}, {"EventBusName": "mine"}]},
            [
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default"),
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/mine"),
            ],
        ),
        (
            "bedrock-runtime",
            "ConverseStream",
            {"modelId": "global.anthropic.claude"},
            [
                (
                    "bedrock:InvokeModelWithResponseStream",
                    f"arn:aws:bedrock:{HERE}:inference-profile/global.anthropic.claude",
                ),
                (
                    "bedrock:InvokeModelWithResponseStream",
                    "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude",
                ),
                (
                    "bedrock:InvokeModelWithResponseStream",
                    "arn:aws:bedrock:::foundation-model/anthropic.claude",
                ),
            ],
        ),
        (
            "bedrock-agentcore-control",
            "GetAgentRuntimeEndpoint",
            {"agentRuntimeId": "dev-abc", "endpointName": "live"},
            [
                ("bedrock-agentcore:GetAgentRuntimeEndpoint", RUNTIME),
                (
                    "bedrock-agentcore:GetAgentRuntimeEndpoint",
                    f"{RUNTIME}/runtime-endpoint/live",
                ),
            ],
        ),
        (
            "bedrock-agentcore",
            "InvokeAgentRuntime",
            {"agentRuntimeArn": RUNTIME},
            [
                ("bedrock-agentcore:InvokeAgentRuntime", RUNTIME),
                ("bedrock-agentcore:InvokeAgentRuntime", f"{RUNTIME}/runtime-endpoint/DEFAULT"),
            ],
        ),
        ("sqs", "SendMessage", {}, [("sqs:SendMessage", None)]),
    ],
)
def test_what_a_request_needs(
    service: str, operation: str, members: Any, needed: list[tuple[str, str | None]]
) -> None:
    found = permissions(service, operation, members, PLACE)
    assert [(each.action, each.resource) for each in found] == needed


LOGS = f"arn:aws:logs:{HERE}"


@pytest.mark.parametrize(
    ("operation", "members", "needed"),
    [
        ("DescribeDeliveries", {}, [("logs:DescribeDeliveries", "*")]),
        ("DeleteDelivery", {"id": "x"}, [("logs:DeleteDelivery", f"{LOGS}:delivery:x")]),
        (
            "GetDeliveryDestination",
            {"name": "d"},
            [("logs:GetDeliveryDestination", f"{LOGS}:delivery-destination:d")],
        ),
        (
            "ListTagsForResource",
            {"resourceArn": f"{LOGS}:log-group:g"},
            [("logs:ListTagsForResource", f"{LOGS}:log-group:g")],
        ),
        # The runtime must let the caller have its logs.
        (
            "PutDeliverySource",
            {"name": "s", "resourceArn": RUNTIME, "logType": "TRACES", "tags": {"a": "b"}},
            [
                ("logs:PutDeliverySource", f"{LOGS}:delivery-source:s"),
                ("bedrock-agentcore:AllowVendedLogDeliveryForResource", RUNTIME),
                ("logs:TagResource", f"{LOGS}:delivery-source:s"),
            ],
        ),
        (
            "PutDeliveryDestination",
            {"name": "d", "deliveryDestinationType": "XRAY"},
            [
                ("logs:PutDeliveryDestination", f"{LOGS}:delivery-destination:d"),
                ("xray:PutResourcePolicy", "*"),
                ("xray:ListResourcePolicies", "*"),
                ("xray:GetTraceSegmentDestination", "*"),
            ],
        ),
        (
            "CreateDelivery",
            {"deliverySourceName": "s", "deliveryDestinationArn": f"{LOGS}:delivery-destination:d"},
            [
                ("logs:CreateDelivery", f"{LOGS}:delivery:*"),
                ("logs:CreateDelivery", f"{LOGS}:delivery-source:s"),
                ("logs:CreateDelivery", f"{LOGS}:delivery-destination:d"),
            ],
        ),
    ],
)
def test_a_delivery_needs_the_three_and_what_lets_aws_write(
    operation: str, members: Any, needed: list[tuple[str, str]]
) -> None:
    found = permissions("logs", operation, members, PLACE)
    assert [(each.action, each.resource) for each in found] == needed


def test_a_runtime_needs_what_agentcore_does_with_the_callers_rights() -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/agents@sha256:0"
    found = permissions(
        "bedrock-agentcore-control",
        "CreateAgentRuntime",
        {
            "roleArn": ROLE,
            "tags": {"a": "b"},
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": image}},
        },
        PLACE,
    )
    runtimes = f"arn:aws:bedrock-agentcore:{HERE}:runtime/*"
    directory = f"arn:aws:bedrock-agentcore:{HERE}:workload-identity-directory/default"
    # The image is not among them: it is pulled with the execution role's rights.
    assert [(each.action, each.resource) for each in found] == [
        ("bedrock-agentcore:CreateAgentRuntime", "*"),
        ("bedrock-agentcore:TagResource", runtimes),
        ("bedrock-agentcore:CreateAgentRuntimeEndpoint", runtimes),
        ("iam:PassRole", ROLE),
        ("bedrock-agentcore:CreateWorkloadIdentity", directory),
        ("bedrock-agentcore:CreateWorkloadIdentity", f"{directory}/workload-identity/*"),
    ]
    (passed,) = [each for each in found if each.action == "iam:PassRole"]
    assert passed.context == {"iam:PassedToService": "bedrock-agentcore.amazonaws.com"}
    s3 = {"bucket": "b", "prefix": "k", "versionId": "1"}
    updated = permissions(
        "bedrock-agentcore-control",
        "UpdateAgentRuntime",
        {
            "agentRuntimeId": "dev-abc",
            "roleArn": ROLE,
            "agentRuntimeArtifact": {"codeConfiguration": {"code": {"s3": s3}}},
        },
        PLACE,
    )
    assert [(each.action, each.resource) for each in updated] == [
        ("bedrock-agentcore:UpdateAgentRuntime", RUNTIME),
        ("iam:PassRole", ROLE),
        ("s3:GetObjectVersion", "arn:aws:s3:::b/k"),
    ]


def test_a_deleted_runtime_takes_its_default_endpoint_and_identity_along() -> None:
    members = {"agentRuntimeId": "dev-abc"}
    found = permissions("bedrock-agentcore-control", "DeleteAgentRuntime", members, PLACE)
    assert [each.action.partition(":")[2] for each in found] == [
        "DeleteAgentRuntime",
        "DeleteAgentRuntimeEndpoint",
        "DeleteAgentRuntimeEndpoint",
        "DeleteWorkloadIdentity",
        "DeleteWorkloadIdentity",
    ]


@pytest.mark.parametrize("operation", ["CreateGateway", "UpdateGateway", "DeleteGateway"])
def test_a_gateway_needs_its_role_and_an_identity_as_a_runtime_does(operation: str) -> None:
    gateway = f"arn:aws:bedrock-agentcore:{HERE}:gateway/front-abc"
    directory = f"arn:aws:bedrock-agentcore:{HERE}:workload-identity-directory/default"
    members: dict[str, Any] = {"gatewayIdentifier": "front-abc"}
    if operation == "CreateGateway":
        members = {"roleArn": ROLE, "tags": {"a": "b"}}
    if operation == "UpdateGateway":
        members["roleArn"] = ROLE
    found = permissions("bedrock-agentcore-control", operation, members, PLACE)
    tagged = ("bedrock-agentcore:TagResource", f"arn:aws:bedrock-agentcore:{HERE}:gateway/*")
    identity = f"bedrock-agentcore:{operation[:6]}WorkloadIdentity"
    wanted = [
        (f"bedrock-agentcore:{operation}", "*" if operation == "CreateGateway" else gateway),
        *([tagged] if operation == "CreateGateway" else []),
        *([("iam:PassRole", ROLE)] if "roleArn" in members else []),
    ]
    if operation != "UpdateGateway":
        wanted += [(identity, directory), (identity, f"{directory}/workload-identity/*")]
    assert [(each.action, each.resource) for each in found] == wanted
    for passed in found:
        if passed.action == "iam:PassRole":
            assert passed.context == {"iam:PassedToService": "bedrock-agentcore.amazonaws.com"}


@pytest.mark.parametrize("operation", ["CreateGatewayTarget", "ListGatewayTargets"])
def test_the_resource_of_a_target_is_its_gateway(operation: str) -> None:
    members = {"gatewayIdentifier": "front-abc", "targetId": "0123456789"}
    [needed] = permissions("bedrock-agentcore-control", operation, members, PLACE)
    assert needed.resource == f"arn:aws:bedrock-agentcore:{HERE}:gateway/front-abc"
    [listing] = permissions("bedrock-agentcore-control", "ListGateways", {}, PLACE)
    assert listing.resource == "*"


def test_a_model_behind_a_profile_is_asked_for_through_it() -> None:
    members = {"modelId": "global.anthropic.claude"}
    _, *behind = permissions("bedrock-runtime", "Converse", members, PLACE)
    arn = f"arn:aws:bedrock:{HERE}:inference-profile/global.anthropic.claude"
    assert [each.context for each in behind] == [{"bedrock:InferenceProfileArn": arn}] * 2


def test_what_has_another_action_is_an_operation() -> None:
    operations = Operations()
    for service, actions in ACTIONS.items():
        model = operations.service(service)
        assert model is not None
        assert set(actions) <= set(model.operation_names)


_VAULT = f"arn:aws:bedrock-agentcore:{HERE}:token-vault/default"
_DIRECTORY = f"arn:aws:bedrock-agentcore:{HERE}:workload-identity-directory/default"


def _of_agentcore(plane: str, operation: str, **members: Any) -> list[tuple[str, str | None]]:
    found = permissions(f"bedrock-agentcore{plane}", operation, members, PLACE)
    return [(each.action.removeprefix("bedrock-agentcore:"), each.resource) for each in found]


def test_what_an_agent_gets_of_the_token_vault_has_three_resources_that_the_request_names() -> None:
    """The fourth, the identity of its token, only the service knows."""
    for operation, kind in (("GetResourceApiKey", "apikey"), ("GetResourceOauth2Token", "oauth2")):
        found = _of_agentcore("", operation, resourceCredentialProviderName="crm")
        assert found == [
            (operation, _VAULT),
            (operation, f"{_VAULT}/{kind}credentialprovider/crm"),
            (operation, _DIRECTORY),
        ]


def test_a_workload_access_token_is_asked_of_the_directory_and_the_identity() -> None:
    for way in ("", "ForJWT", "ForUserId"):
        operation = f"GetWorkloadAccessToken{way}"
        found = _of_agentcore("", operation, workloadName="one")
        identity = f"{_DIRECTORY}/workload-identity/one"
        assert found == [(operation, _DIRECTORY), (operation, identity)]


def test_a_provider_needs_the_vault_and_the_secret_that_the_service_keeps() -> None:
    operation, provider = "CreateApiKeyCredentialProvider", f"{_VAULT}/apikeycredentialprovider/crm"
    secret = (
        f"arn:aws:secretsmanager:{HERE}:secret:bedrock-agentcore-identity!default/apikey/crm-??????"
    )
    named = [(operation, _VAULT), (operation, provider), ("CreateTokenVault", _VAULT)]
    assert _of_agentcore("-control", operation, name="crm", tags={"a": "b"}) == [
        *named,
        ("TagResource", provider),
        ("secretsmanager:CreateSecret", secret),
    ]
    external = {"name": "crm", "apiKeySecretSource": "EXTERNAL"}
    assert _of_agentcore("-control", operation, **external) == named
    custom = {"customOauth2ProviderConfig": {"clientSecretSource": "EXTERNAL"}}
    assert (
        len(
            _of_agentcore(
                "-control",
                "UpdateOauth2CredentialProvider",
                name="crm",
                oauth2ProviderConfigInput=custom,
            )
        )
        == len(named) - 1
    )
    for operation, action in (("Update", "PutSecretValue"), ("Delete", "DeleteSecret")):
        *_, last = _of_agentcore("-control", f"{operation}ApiKeyCredentialProvider", name="crm")
        assert last == (f"secretsmanager:{action}", secret)
    listed = "ListOauth2CredentialProviders"
    assert _of_agentcore("-control", listed) == [(listed, _VAULT)]
    assert _of_agentcore("-control", "GetTokenVault") == [("GetTokenVault", _VAULT)]


def test_identities_are_in_their_directory() -> None:
    identity = f"{_DIRECTORY}/workload-identity/one"
    operation = "CreateWorkloadIdentity"
    assert _of_agentcore("-control", operation, name="one", tags={"a": "b"}) == [
        (operation, _DIRECTORY),
        (operation, identity),
        ("TagResource", identity),
    ]
    listed = "ListWorkloadIdentities"
    assert _of_agentcore("-control", listed) == [(listed, _DIRECTORY)]


# --- roles, and what bounds them ---

BOUNDARY = "arn:aws:iam::123456789012:policy/most"
THEIRS = "arn:aws:iam::123456789012:role/stack/theirs"


def of_role(statements: list[Any], operation: str, **members: Any) -> str | None:
    """Why a request about a role is refused."""
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam = Authorization(
        PLACE,
        lambda _: [policy],
        lambda _: {},
        role_of=lambda name: Role(THEIRS, BOUNDARY) if name == "theirs" else None,
    )
    return iam.refusal(ROLE, "iam", operation, members)


@pytest.mark.parametrize(
    ("boundary", "path", "allowed"),
    [(BOUNDARY, "/stack/", True), (None, "/stack/", False), (BOUNDARY, "/", False)],
)
def test_a_role_is_made_only_with_the_boundary_and_below_the_path(
    boundary: str | None, path: str, allowed: bool
) -> None:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    may = [statement("iam:CreateRole", "arn:aws:iam::123456789012:role/stack/*", Condition=bounded)]
    asked = {"RoleName": "new", "Path": path}
    if boundary is not None:
        asked["PermissionsBoundary"] = boundary
    assert (of_role(may, "CreateRole", **asked) is None) is allowed


def test_the_path_and_the_boundary_of_a_role_that_is_there_decide_over_its_policies() -> None:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    may = [
        statement("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/stack/*", Condition=bounded)
    ]
    assert of_role(may, "PutRolePolicy", RoleName="theirs") is None
    assert of_role(may, "PutRolePolicy", RoleName="another") is not None


def test_which_policy_is_attached_decides() -> None:
    policy = "arn:aws:iam::123456789012:policy/agents"
    may = [statement("iam:AttachRolePolicy", Condition={"ArnEquals": {"iam:PolicyARN": policy}})]
    assert of_role(may, "AttachRolePolicy", RoleName="theirs", PolicyArn=policy) is None
    assert of_role(may, "AttachRolePolicy", RoleName="theirs", PolicyArn=f"{policy}2") is not None


def test_what_a_boundary_does_not_allow_no_policy_can() -> None:
    whole = {"Version": "2012-10-17", "Statement": [statement("*")]}
    most = {"Version": "2012-10-17", "Statement": [statement("dynamodb:GetItem", TABLE)]}
    iam = Authorization(PLACE, lambda _: [whole], lambda _: {}, lambda _: most)
    assert iam.refusal(ROLE, *GET, {"TableName": "environments"}) is None
    said = iam.refusal(ROLE, *GET, {"TableName": "other"})
    assert said is not None
    assert said.endswith("because no permissions boundary allows the dynamodb:GetItem action")


GUARDED = f"arn:aws:bedrock-agentcore:{HERE}:runtime/echo-1234567890"
OTHER = f"arn:aws:iam::{PLACE.account_id}:role/somebody"
INVOKE = "bedrock-agentcore:InvokeAgentRuntime"


def of_resource(effect: str, **more: Any) -> Any:
    principal = more.pop("Principal", {"AWS": "*"})
    return {
        "Effect": effect,
        "Principal": principal,
        "Action": INVOKE,
        "Resource": GUARDED,
        **more,
    }


ONLY_ROLE = [
    of_resource("Allow", Principal={"AWS": ROLE}),
    of_resource("Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": ROLE}}),
]
"""The policy of AgentCore's developer guide for a runtime that answers only a gateway's role."""


def invoking(
    caller: str,
    statements: list[Any],
    *,
    own: str = "*",
    silence: bool = False,
    runtime: str = GUARDED,
    endpoint: bool = False,
) -> str | None:
    allowed = {"Version": "2012-10-17", "Statement": [statement(INVOKE, own)]}
    attached = {"Version": "2012-10-17", "Statement": statements}
    named = f"{GUARDED}/runtime-endpoint/live" if endpoint else GUARDED
    iam = Authorization(
        PLACE,
        lambda _: [allowed],
        lambda _: {},
        resource_policy_of=lambda arn: attached if arn == named else None,
        silence_refuses=lambda _: silence,
    )
    members = {"agentRuntimeArn": runtime, "qualifier": "live"}
    return iam.refusal(caller, "bedrock-agentcore", "InvokeAgentRuntime", members)


DENIED = "with an explicit deny in a resource-based policy"


def test_only_the_role_that_the_policy_of_a_resource_names_may_call_it() -> None:
    assert invoking(ROLE, ONLY_ROLE) is None
    for caller in (OTHER, PLACE.root):
        assert str(invoking(caller, ONLY_ROLE)).endswith(DENIED)
    assert f"User: {PLACE.root} is" in str(invoking(PLACE.root, ONLY_ROLE))
    # An id names the same runtime.
    assert str(invoking(OTHER, ONLY_ROLE, runtime=GUARDED.rpartition("/")[2])).endswith(DENIED)


def test_the_policy_of_the_endpoint_counts_as_that_of_the_runtime() -> None:
    live = f"{GUARDED}/runtime-endpoint/live"
    denies = [of_resource("Deny", Resource=live)]
    assert str(invoking(ROLE, denies, endpoint=True)).endswith(DENIED)
    # A statement is about the exact resource that it is attached to.
    assert invoking(ROLE, [of_resource("Deny")], endpoint=True) is None


def test_a_caller_with_a_token_is_no_principal() -> None:
    assert str(invoking(BEARER, ONLY_ROLE)).endswith(DENIED)
    assert invoking(BEARER, [of_resource("Deny", Principal={"AWS": ROLE})]) is None
    everybody = [of_resource("Deny", Principal="*")]
    assert str(invoking(BEARER, everybody)).startswith("The caller is not authorized")


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ("*", True),
        ({"AWS": ["*"]}, True),
        ({"AWS": ROLE}, True),
        ({"AWS": [OTHER, ROLE]}, True),
        ({"AWS": OTHER}, False),
        ({"AWS": PLACE.account_id}, True),
        ({"AWS": PLACE.root}, True),
        ({"AWS": "999999999999"}, False),
        ({"Service": "lambda.amazonaws.com"}, False),
    ],
)
def test_a_statement_is_about_its_principals(principal: Any, meant: bool) -> None:
    assert (invoking(ROLE, [of_resource("Deny", Principal=principal)]) is not None) is meant


def test_an_allow_of_a_resource_gives_nothing_that_the_caller_has_not() -> None:
    assert "no identity-based policy allows" in str(invoking(ROLE, ONLY_ROLE, own="arn:none"))


def test_whether_the_silence_of_a_policy_refuses_is_not_settled() -> None:
    allows_other = [of_resource("Allow", Principal={"AWS": OTHER})]
    assert invoking(ROLE, allows_other) is None
    refusal = str(invoking(ROLE, allows_other, silence=True))
    assert refusal.endswith(f"because no resource-based policy allows the {INVOKE} action")
    # A resource without a policy is not silent.
    assert invoking(ROLE, ONLY_ROLE, silence=True) is None
