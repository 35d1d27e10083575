"""What a role may do is what its policies say: action, resource and conditions."""

from __future__ import annotations

from typing import Any

import pytest

from local.edge.authorization import Authorization
from local.edge.operations import Operations
from local.edge.permissions import ACTIONS, Place, permissions

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


def test_an_operator_that_is_not_known_is_not_guessed() -> None:
    given = [statement("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})]
    reason = refused(given, *GET, TableName="environments")
    assert reason == "the embedded IAM does not know the condition operator IpAddress"


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
            [("s3:ListBucket", "arn:aws:s3:::b"), ("s3:GetObject", "arn:aws:s3:::b/k/x")],
        ),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "k", "versionId": "1"},
            [("s3:GetObjectVersion", "arn:aws:s3:::b/k")],
        ),
        ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", None)]),
        ("sqs", "SendMessageBatch", {"QueueUrl": "q"}, [("sqs:SendMessage", None)]),
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
        ("sqs", "SendMessage", {"QueueUrl": "x"}, [("sqs:SendMessage", None)]),
    ],
)
def test_what_a_request_needs(
    service: str, operation: str, members: Any, needed: list[tuple[str, str | None]]
) -> None:
    found = permissions(service, operation, members, PLACE)
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
