"""Every action of a function's policy is used by that function; every AWS call that it can make is allowed.

Read off the source: the calls in the modules that a handler can reach. What is really called is held against the same
policies, by action and resource, by the embedded AWS (local/edge/iam/authorization.py).
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name

from lifecycle.fence import READS
from lifecycle.stages import STAGES, TRIGGERS, Stage, Trigger

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
# The attribute of lifecycle.clients.Clients: (botocore's service, IAM's prefix).
SERVICES = {
    "dynamodb": ("dynamodb", "dynamodb"),
    "stepfunctions": ("stepfunctions", "states"),
    "cognito": ("cognito-idp", "cognito-idp"),
    "secrets": ("secretsmanager", "secretsmanager"),
    "s3": ("s3", "s3"),
    "ecr": ("ecr", "ecr"),
    "codebuild": ("codebuild", "codebuild"),
    "agentcore_control": ("bedrock-agentcore-control", "bedrock-agentcore"),
    "agentcore": ("bedrock-agentcore", "bedrock-agentcore"),
    "logs": ("logs", "logs"),
    "quick_logs": ("logs", "logs"),
    "cloudwatch": ("cloudwatch", "cloudwatch"),
    "xray": ("xray", "xray"),
    "iam": ("iam", "iam"),
    "events": ("events", "events"),
    "tagging": ("resourcegroupstaggingapi", "tag"),
}
# Operations whose action has another name (service authorization reference, Amazon S3).
RENAMED = {
    "s3:HeadObject": ["s3:GetObject", "s3:GetObjectVersion"],
    "s3:GetObject": ["s3:GetObject", "s3:GetObjectVersion"],
    "s3:CopyObject": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions"],
    "s3:DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
}
# What no client of botocore sends, and the module that does (service authorization reference, AgentCore).
UNMODELLED = {
    "lifecycle.smoke_test.websocket.caller": (
        "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream"
    ),
    "lifecycle.smoke_test.callers.signed": "bedrock-agentcore:InvokeGateway",
}
# Actions that AWS asks of the caller of another operation: (action, the operation that needs it, why).
IMPLIED = {
    "iam:PassRole": ("CreateAgentRuntime|CreateGateway", "the role is handed over"),
    "iam:CreateServiceLinkedRole": (
        "CreateAgentRuntime",
        "the first runtime of an account makes the linked roles",
    ),
    "bedrock-agentcore:CreateWorkloadIdentity": (
        "CreateAgentRuntime|CreateGateway",
        "made with the runtime or the gateway",
    ),
    "bedrock-agentcore:DeleteWorkloadIdentity": (
        "DeleteAgentRuntime|DeleteGateway",
        "goes with the runtime or the gateway",
    ),
    "bedrock-agentcore:TagResource": ("Create", "tags on create"),
    "bedrock-agentcore:CreateTokenVault": (
        "CreateApiKeyCredentialProvider",
        "the first provider of an account makes the vault",
    ),
    "iam:TagRole": ("CreateRole", "tags on create"),
    "secretsmanager:DeleteSecret": (
        "DeleteApiKeyCredentialProvider",
        "a secret that AgentCore keeps goes with its provider",
    ),
    "cognito-idp:TagResource": ("CreateUserPool", "tags on create"),
    "secretsmanager:TagResource": ("CreateSecret", "tags on create"),
    "s3:ListBucket": ("Object", "without it a missing key is 403"),
    "s3:GetObject": ("CreateAgentRuntime", "AgentCore reads the zip as the caller"),
    "s3:GetObjectVersion": ("CreateAgentRuntime", "AgentCore reads the zip as the caller"),
    "bedrock-agentcore:AllowVendedLogDeliveryForResource": (
        "PutDeliverySource",
        "the runtime agrees to send its logs",
    ),
    "logs:PutResourcePolicy": ("PutDeliveryDestination", "CloudWatch Logs may be written to"),
    "logs:DescribeResourcePolicies": (
        "PutDeliveryDestination",
        "CloudWatch Logs may be written to",
    ),
    "xray:PutResourcePolicy": ("PutDeliveryDestination", "X-Ray may be written to"),
    "xray:ListResourcePolicies": ("PutDeliveryDestination", "X-Ray may be written to"),
    "xray:GetTraceSegmentDestination": ("PutDeliveryDestination", "X-Ray sends spans on"),
    "bedrock-agentcore:DeleteAgentRuntimeEndpoint": ("DeleteAgentRuntime", "DEFAULT goes with it"),
    "bedrock:InvokeModel": (":Evaluate", "a custom evaluator asks its model as the caller"),
    "bedrock:InvokeModelWithResponseStream": (":Evaluate", "as bedrock:InvokeModel"),
}


class _Loader(yaml.SafeLoader):
    pass


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    """One of CloudFormation's functions, such as `!Sub`, with its argument."""
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    return {name: node.value}


_Loader.add_multi_constructor("!", _function)


@cache
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)  # noqa: S506 - safe
    return loaded


FUNCTION_LIST = (*STAGES, *TRIGGERS)


def allowed(stage: Stage | Trigger) -> set[str]:
    """The actions that the template allows to the function of a stage or trigger."""
    actions: set[str] = set()
    for policy in template()["Resources"][stage.function]["Properties"]["Policies"]:
        for statement in policy["Statement"]:
            action = statement["Action"]
            actions.update([action] if isinstance(action, str) else action)
    return actions


def conditional_actions(key: str, operator: str) -> tuple[set[str], set[str]]:
    """The actions that depend on a condition key, and the handlers whose policies say so.

    Args:
        key: What the condition key begins with.
        operator: Which condition operator, such as `StringEquals`.
    """
    actions: set[str] = set()
    handlers: set[str] = set()
    for stage in FUNCTION_LIST:
        for policy in template()["Resources"][stage.function]["Properties"]["Policies"]:
            for statement in policy["Statement"]:
                keys = statement.get("Condition", {}).get(operator, {})
                if any(name.startswith(key) for name in keys):
                    action = statement["Action"]
                    actions.update([action] if isinstance(action, str) else action)
                    handlers.add(stage.handler)
    return actions, handlers


@cache
def operations(service: str) -> dict[str, str]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


@cache
def our_own() -> frozenset[str]:
    """Names of our own functions: calling one of them is no AWS call."""
    return frozenset(
        node.name
        for path in FUNCTIONS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )


@cache
def calls_of(module: str) -> frozenset[str]:
    """The AWS operations that a module names, as `service:Operation`."""
    text = (FUNCTIONS / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    used = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
    used |= set(re.findall(r"get_paginator\(\s*\"(\w+)\"", text))
    found = {UNMODELLED[module]} if module in UNMODELLED else set()
    for service, prefix in SERVICES.values():
        found |= {
            f"{prefix}:{name}" for method, name in operations(service).items() if method in used
        }
    return frozenset(found)


@cache
def reachable(module: str) -> frozenset[str]:
    """A handler's module and all of ours that it imports, directly or not."""
    path = FUNCTIONS / f"{module.replace('.', '/')}.py"
    found = {module}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] == "lifecycle"
        ):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if (FUNCTIONS / f"{name.replace('.', '/')}.py").is_file() and name not in found:
                found |= reachable(name)
    return frozenset(found)


def actions_of(calls: set[str]) -> set[str]:
    return {action for call in calls for action in RENAMED.get(call, [call])}


@pytest.mark.parametrize("stage", FUNCTION_LIST, ids=lambda stage: stage.handler)
def test_every_action_is_used(stage: Stage | Trigger) -> None:
    calls = {call for module in reachable(f"handlers.{stage.handler}") for call in calls_of(module)}
    used = actions_of(calls)
    implied = {
        action
        for action, (operation, _) in IMPLIED.items()
        if any(re.search(operation, call) for call in calls)
    }
    assert allowed(stage) - used - implied == set()


@pytest.mark.parametrize("state", ["Plan the provision", "Plan the rollback"])
def test_what_only_looks_may_only_read(state: str) -> None:
    """It runs the code of stages that change what it looks at."""
    (planning,) = [stage for stage in STAGES if stage.state == state]
    assert planning.effect is None
    actions = allowed(planning)
    assert [each for each in actions if not each.partition(":")[2].startswith(READS)] == []
    assert not actions & {"secretsmanager:GetSecretValue", "secretsmanager:GetRandomPassword"}


@pytest.mark.parametrize("stage", FUNCTION_LIST, ids=lambda stage: stage.handler)
def test_no_action_is_a_wildcard(stage: Stage | Trigger) -> None:
    assert [action for action in allowed(stage) if "*" in action] == []


def test_who_may_invoke_a_runtime_may_read_the_card_of_an_a2a_agent() -> None:
    """Wherever the template says what may be done to the runtimes of environments."""
    invoke, card = "bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:GetAgentCard"
    found = [actions for actions in _action_lists(plain_template()) if invoke in actions]
    # Four functions, and the boundary of the roles that gateways have of their own.
    assert [card in actions for actions in found] == [True] * 5


def _action_lists(part: Any) -> list[list[str]]:
    """The actions of each statement of a part of the template."""
    if isinstance(part, list):
        return [found for each in part for found in _action_lists(each)]
    if not isinstance(part, dict):
        return []
    below = [found for each in part.values() for found in _action_lists(each)]
    actions = part.get("Action", [])
    return [[actions] if isinstance(actions, str) else actions, *below]


@pytest.mark.parametrize("function", ["DeployRuntimeFunction", "DeployGatewayFunction"])
def test_who_makes_a_workload_identity_may_tag_it(function: str) -> None:
    (of_identities,) = [
        set(one["Action"])
        for one in plain_template()["Resources"][function]["Properties"]["Policies"][0]["Statement"]
        if "bedrock-agentcore:CreateWorkloadIdentity" in one["Action"]
    ]
    assert "bedrock-agentcore:TagResource" in of_identities


def test_every_aws_call_in_the_source_is_somebodys_to_make() -> None:
    everything = set().union(*(allowed(stage) for stage in FUNCTION_LIST))
    modules = {
        module for stage in FUNCTION_LIST for module in reachable(f"handlers.{stage.handler}")
    }
    calls = {call for module in modules for call in calls_of(module)}
    # Some operations have one name in several services: one of them has to be allowed.
    by_name: dict[str, set[str]] = {}
    for call in calls:
        if xform_name(call.partition(":")[2]) in our_own():
            continue
        by_name.setdefault(call.partition(":")[2], set()).update(RENAMED.get(call, [call]))
    assert len(by_name) > 40
    assert [name for name, actions in by_name.items() if not actions & everything] == []


def statements(resource: str) -> list[dict[str, Any]]:
    """The statements of an `AWS::IAM::Policy`, without CloudFormation's functions."""
    properties = plain_template()["Resources"][resource]["Properties"]
    found: list[dict[str, Any]] = properties["PolicyDocument"]["Statement"]
    return found


@cache
def plain_template() -> dict[str, Any]:
    """The template with each `!Sub` and `!Ref` as its text."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, _suffix, node: getattr(node, "value", None))
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader=Loader)  # noqa: S506 - safe
    return loaded


def test_the_fleets_machine_may_do_what_a_distributed_map_needs_and_no_more() -> None:
    """Source: developer guide, "IAM policies for using Distributed Map states" and "IAM policies for ResultWriter"."""
    said = {
        action: statement["Resource"]
        for statement in statements("FleetMapPolicy")
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    executions = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${FleetStateMachine.Name}"
    results = "${ArtifactBucket.Arn}/fleets/*/results/*"
    assert said == {
        "states:StartExecution": "FleetStateMachine",
        "states:DescribeExecution": [f"{executions}:*", f"{executions}/*"],
        "states:StopExecution": [f"{executions}:*", f"{executions}/*"],
        "s3:GetObject": "${ArtifactBucket.Arn}/fleets/*",
        "s3:PutObject": results,
        "s3:AbortMultipartUpload": results,
        "s3:ListMultipartUploadParts": results,
    }


@pytest.mark.parametrize(
    ("function", "reached"),
    [
        ("SelectEnvironmentsFunction", [("s3:PutObject", "fleets/*")]),
        (
            "ReportFleetFunction",
            [("s3:GetObject", "fleets/*/results/*"), ("s3:PutObject", "fleets/*/report.json")],
        ),
    ],
)
def test_the_fleets_functions_reach_only_the_fleets_files(
    function: str, reached: list[tuple[str, str]]
) -> None:
    (policy,) = plain_template()["Resources"][function]["Properties"]["Policies"]
    assert [
        (statement["Action"], statement["Resource"])
        for statement in policy["Statement"]
        if re.search(r"s3:(?!ListBucketVersions|Delete)", str(statement["Action"]))
    ] == [(action, f"${{ArtifactBucket.Arn}}/{below}") for action, below in reached]


@pytest.mark.parametrize("function", ["SelectEnvironmentsFunction", "DeleteArtifactFunction"])
def test_only_artifacts_are_deleted(function: str) -> None:
    """No source, no zip of somebody's own elsewhere, and no result of a fleet."""
    (policy,) = plain_template()["Resources"][function]["Properties"]["Policies"]
    deleting = [each for each in policy["Statement"] if "s3:Delete" in str(each["Action"])]
    places = {
        place.removeprefix("${ArtifactBucket.Arn}/")
        for each in deleting
        for place in each["Resource"]
    }
    former = {"environments/*"} if function == "DeleteArtifactFunction" else set()
    assert places == {"build-sources/*", "builds/*", "packages/*"} | former


def test_the_fleets_files_expire() -> None:
    bucket = plain_template()["Resources"]["ArtifactBucket"]["Properties"]
    (rule,) = [
        rule
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if rule.get("Prefix") == "fleets/"
    ]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", "LogRetentionDays")
    # The bucket keeps versions: without this the expired ones would stay.
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_a_build_writes_only_where_nobody_trusts_what_lies_there() -> None:
    """Builds run code of strangers, all with this role."""
    properties = plain_template()["Resources"]["BuildRole"]["Properties"]
    (policy,) = properties["Policies"]
    said = {
        action: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    bucket, repository = "${ArtifactBucket.Arn}", "AgentRepository.Arn"
    push = [
        *("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload"),
        *("InitiateLayerUpload", "PutImage", "UploadLayerPart"),
    ]
    assert said == {
        "logs:CreateLogStream": "BuildLogs.Arn",
        "logs:PutLogEvents": "BuildLogs.Arn",
        "s3:GetObject": f"{bucket}/build-sources/*",
        "s3:GetObjectVersion": f"{bucket}/build-sources/*",
        "s3:GetBucketAcl": "ArtifactBucket.Arn",
        "s3:GetBucketLocation": "ArtifactBucket.Arn",
        "s3:PutObject": f"{bucket}/builds/*",
        "ecr:GetAuthorizationToken": "*",
        **{f"ecr:{action}": repository for action in push},
    }


@pytest.mark.parametrize(
    ("function", "below"),
    [
        ("PublishArtifactFunction", ["build-sources/*", "packages/*"]),
        ("DeployRuntimeFunction", []),
    ],
)
def test_only_publishing_writes_where_packages_are(function: str, below: list[str]) -> None:
    (policy,) = plain_template()["Resources"][function]["Properties"]["Policies"]
    written = [
        resource
        for statement in policy["Statement"]
        if "s3:PutObject" in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert written == [f"${{ArtifactBucket.Arn}}/{each}" for each in below]
