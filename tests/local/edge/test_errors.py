"""The errors of planned faults, of every operation of every service that the template or a function uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore.model import ServiceModel

from local.edge.fault_errors import declares, fault_error
from local.edge.faults import Fault, FaultKind
from local.edge.operations import Operations

ROOT = Path(__file__).parents[3]
OF_RESOURCES = {
    "CloudWatch": ["cloudwatch"],
    "CodeBuild": ["codebuild"],
    "DynamoDB": ["dynamodb"],
    "ECR": ["ecr"],
    "Events": ["events"],
    "IAM": ["iam"],
    "KMS": ["kms"],
    "Logs": ["logs"],
    "S3": ["s3"],
    "SNS": ["sns"],
    "SQS": ["sqs"],
    "Serverless": ["cloudformation", "lambda", "scheduler", "stepfunctions"],
}
"""botocore's services by the middle of the template's resource types."""


def services() -> list[str]:
    """Name every service; a resource type that is not in the table above is an error."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    types = set(re.findall(r"Type: AWS::(\w+)::", template))
    clients = (ROOT / "functions/lifecycle/clients.py").read_text(encoding="utf-8")
    called = set(re.findall(r"_client\(\s*\"([\w-]+)\"", clients))
    assert len(called) > 5
    of_template = {name for kind in types for name in OF_RESOURCES[kind]}
    return sorted({*of_template, *called, "bedrock-runtime", "sts"})


OPERATIONS = Operations()
MATTERS = {
    "throttle": r"Thrott|SlowDown|TooManyRequests|RequestLimitExceeded",
    "accessDenied": r"^(AccessDenied(Exception)?|AuthorizationError)$",
    "conflict": r"Conflict|InUse|Exists|Concurrent|Aborted|ConditionalCheckFailed",
    "notFound": r"NotFound|NoSuch|DoesNotExist",
    "serverError": r"^(KMS)?(Internal|Server|Service(Exception|Failure|Unavailable))",
}
OF_ANOTHER = re.compile(r"KMS|EC2|EFS", re.IGNORECASE)
COMMON_CONFLICTS = {"ConflictException", "OperationAborted"}


def code_of(service: str, operation: str, kind: FaultKind, status: int = 500) -> tuple[str, int]:
    error = fault_error(
        Fault(service, operation, kind, status=status), OPERATIONS.service(service), operation
    )
    return error.code, error.status


def own_codes(model: ServiceModel, operation: str) -> set[str]:
    shapes = model.operation_model(operation).error_shapes
    return {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes}


def test_a_denial_is_in_the_words_of_iam() -> None:
    service, operation = "bedrock-agentcore", "InvokeAgentRuntime"
    fault = Fault(service, operation, "accessDenied")
    denied = fault_error(fault, OPERATIONS.service(service), operation)
    assert (
        "not authorized to perform: bedrock-agentcore:InvokeAgentRuntime because" in denied.message
    )


@pytest.mark.parametrize("service", services())
def test_no_fault_answers_with_the_error_of_another_matter(service: str) -> None:
    model = OPERATIONS.service(service)
    assert model is not None
    for operation in model.operation_names:
        at = f"{service} {operation}"
        own = own_codes(model, operation)
        for kind in ("throttle", "accessDenied", "conflict", "notFound"):
            code, status = code_of(service, operation, kind)
            assert re.search(MATTERS[kind], code), f"{at}: {code}"
            assert service == "kms" or not OF_ANOTHER.search(code), f"{at}: {code}"
            assert 400 <= status < 500 or (code, status) == ("SlowDown", 503), f"{at}: {status}"
            if kind == "conflict":
                assert code in own | COMMON_CONFLICTS, f"{at}: {code}"
        for wanted in (500, 503):
            code, status = code_of(service, operation, "serverError", wanted)
            assert re.search(MATTERS["serverError"], code), f"{at}: {code}"
            assert service == "kms" or not OF_ANOTHER.search(code), f"{at}: {code}"
            assert status == wanted, f"{at}: {status}"


@pytest.mark.parametrize(
    ("service", "operation", "kind", "code", "status"),
    [
        ("lambda", "Invoke", "accessDenied", "AccessDeniedException", 403),
        ("lambda", "Invoke", "throttle", "TooManyRequestsException", 429),
        ("lambda", "UpdateFunctionCode", "conflict", "ResourceConflictException", 409),
        ("stepfunctions", "StartExecution", "throttle", "ThrottlingException", 400),
        ("stepfunctions", "StartExecution", "accessDenied", "AccessDeniedException", 400),
        ("stepfunctions", "StartExecution", "conflict", "ExecutionAlreadyExists", 400),
        ("cloudwatch", "PutMetricAlarm", "accessDenied", "AccessDeniedException", 400),
        ("sns", "Publish", "accessDenied", "AuthorizationError", 403),
        ("sns", "Publish", "throttle", "Throttled", 429),
        ("sqs", "SendMessage", "throttle", "RequestThrottled", 400),
        ("sqs", "SendMessage", "accessDenied", "AccessDeniedException", 400),
        ("s3", "GetObject", "conflict", "OperationAborted", 409),
        ("s3", "CreateBucket", "conflict", "BucketAlreadyExists", 409),
        ("s3", "GetObject", "serverError", "InternalError", 500),
        ("dynamodb", "GetItem", "conflict", "ConflictException", 400),
        ("dynamodb", "PutItem", "conflict", "ConditionalCheckFailedException", 400),
        ("cognito-idp", "DeleteUserPool", "throttle", "TooManyRequestsException", 400),
        ("cognito-idp", "DeleteUserPool", "notFound", "ResourceNotFoundException", 400),
        ("ecr", "DescribeImages", "notFound", "ImageNotFoundException", 400),
        ("s3", "GetObject", "notFound", "NoSuchKey", 404),
        (
            "bedrock-agentcore-control",
            "GetAgentRuntime",
            "notFound",
            "ResourceNotFoundException",
            404,
        ),
    ],
)
def test_the_best_known_errors(
    service: str, operation: str, kind: FaultKind, code: str, status: int
) -> None:
    assert code_of(service, operation, kind) == (code, status)


@pytest.mark.parametrize(
    ("service", "operation", "kind", "can"),
    [
        ("ecr", "GetAuthorizationToken", "throttle", True),
        ("ecr", "GetAuthorizationToken", "notFound", False),
        ("ecr", "ListImages", "notFound", True),
        ("s3", "PutObject", "conflict", True),
        ("s3", "GetObject", "conflict", False),
        ("cognito-idp", "UpdateUserPool", "conflict", True),
        ("cognito-idp", "DescribeUserPool", "conflict", False),
    ],
)
def test_which_faults_an_operation_can_have(
    service: str, operation: str, kind: str, can: bool
) -> None:
    model = OPERATIONS.service(service)
    assert model is not None
    assert declares(kind, model, operation) is can


def test_without_a_model_the_common_codes_are_taken() -> None:
    error = fault_error(Fault("unknown", "*", "conflict"), None, None)
    assert (error.code, error.status) == ("ConflictException", 400)
