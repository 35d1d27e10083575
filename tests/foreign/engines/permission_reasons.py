"""Why a permission was refused in the tests on purpose, and why one that is granted is not seen there."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """A refusal that a test provokes.

    Attributes:
        owner: The role's logical id, without `Role`.
        action: What was refused.
        resource: A pattern of the resource.
        reason: Which test provokes it.
    """

    owner: str
    action: str
    resource: str
    reason: str


class Unseen(NamedTuple):
    """Actions that a role may use and that the tests do not show.

    Attributes:
        owner: A pattern of the role's logical id, without `Role`.
        action: A pattern of the action.
        reason: Who uses it, and why the tests do not show it.
    """

    owner: str
    action: str
    reason: str


EXPECTED_REFUSALS = (
    Refusal(
        "PublishArtifactFunction",
        "s3:GetObject",
        r":::somebody-elses/",
        "test_artifacts: a source in a bucket that the stack does not name",
    ),
    Refusal(
        "PrepareRequestFunction",
        "secretsmanager:DescribeSecret",
        r":secret:agentcore-lifecycle/",
        "test_theft: an environment's own secret as auth.tokenSecretArn",
    ),
    Refusal(
        "PrepareRequestFunction",
        "secretsmanager:DescribeSecret",
        r":secret:other-application/",
        "test_theft: a secret whose tag names another stack",
    ),
    *(
        Refusal(
            "Build", action, r".", "test_build_boundary: what the keys of a build are tried for"
        )
        for action in (
            "codebuild:ListProjects",
            "dynamodb:Scan",
            "ecr:BatchDeleteImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:ListImages",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
            "secretsmanager:ListSecrets",
            "states:StartExecution",
        )
    ),
    Refusal(
        "PlanProvisionFunction",
        "cognito-idp:DescribeUserPoolClient",
        r":userpool/",
        "test_plan: a pool without its tags",
    ),
    *(
        Refusal(
            "ProvisionIdentityFunction",
            action,
            r":(userpool|secret)[/:]",
            "test_late_tags and test_readings: the tags of what was made a moment ago do not count yet",
        )
        for action in (
            "cognito-idp:CreateUserPoolClient",
            "cognito-idp:ListUserPoolClients",
            "secretsmanager:PutSecretValue",
        )
    ),
)

_LAMBDA = "AWS's managed policy, which SAM attaches: Lambda itself writes logs and traces with it"
_MACHINE = "the local Step Functions runs tasks without calling as the machine's role"
_AGENT = "AWS's policy for an execution role: AgentCore itself pulls the image and writes logs and traces with it"
_DOCKER = "the local build pushes an image whole, without Docker's single calls"
_SOURCE = "the local CodeBuild fetches the source without S3's calls about bucket and version"
_DELETE = "S3's API reference asks for it beside s3:DeleteObjectVersion; the local S3 does not"

NOT_SEEN_HERE = (
    Unseen(r"\w+Function", r"logs:(CreateLogGroup|CreateLogStream|PutLogEvents)", _LAMBDA),
    Unseen(r"\w+Function", r"xray:\w+", _LAMBDA),
    Unseen(r"(Lifecycle|Fleet)StateMachine", r".+", _MACHINE),
    Unseen("AgentExecution", r"(ecr|logs|xray|cloudwatch):\w+", _AGENT),
    Unseen(
        "AgentExecution",
        "bedrock:InvokeModel",
        "an agent that does not stream; the bundled one does",
    ),
    Unseen(
        "Build",
        r"ecr:(BatchCheckLayerAvailability|BatchGetImage|CompleteLayerUpload|GetDownloadUrlForLayer|"
        r"InitiateLayerUpload|UploadLayerPart)",
        _DOCKER,
    ),
    Unseen("Build", r"s3:(GetBucketAcl|GetBucketLocation|GetObjectVersion)", _SOURCE),
    Unseen(
        "DeployRuntimeFunction",
        "iam:CreateServiceLinkedRole",
        "only for the first runtime of an account; the local account has the linked roles",
    ),
    Unseen(
        "DeployRuntimeFunction",
        "s3:GetObject",
        "AWS's guide asks for it of the caller of a zip; the local AgentCore reads the pinned version",
    ),
    Unseen("SelectEnvironmentsFunction", "s3:DeleteObject", _DELETE),
    Unseen(
        "DeleteArtifactFunction",
        r"s3:DeleteObject|codebuild:StopBuild",
        f"{_DELETE}; a build is stopped only if it still runs, and local ones are short: "
        "functions/lifecycle/artifact/test_teardown.py",
    ),
    Unseen(
        r"(PublishArtifact|PrepareRequest|RunCases)Function",
        "s3:ListBucket",
        "without it S3 answers 403 for an object that is not there; the local S3 answers 404",
    ),
    Unseen(
        "DeleteRuntimeFunction",
        "bedrock-agentcore:GetAgentRuntimeEndpoint",
        "only to say why an endpoint cannot be deleted: functions/lifecycle/runtime/test_teardown.py",
    ),
    Unseen(
        "DeployRuntimeFunction",
        "bedrock-agentcore:GetResourcePolicy",
        "only for a policy that AgentCore does not find to delete it: functions/lifecycle/gateway/test_guarded.py",
    ),
    Unseen(
        "DeployRuntimeFunction",
        r"bedrock-agentcore:Delete(AgentRuntime|AgentRuntimeEndpoint|WorkloadIdentity)",
        "only for a runtime whose creation has failed, which is made again: functions/lifecycle/runtime/test_deploy.py",
    ),
    Unseen(
        "RestoreVersionFunction",
        "bedrock-agentcore:DeleteAgentRuntimeEndpoint",
        "only for a candidate that failed or is not needed: functions/lifecycle/runtime/rollback/test_restore.py",
    ),
    Unseen(
        "ProvisionIdentityFunction",
        "cognito-idp:UpdateResourceServer",
        "only for scopes that were removed by hand: functions/lifecycle/identity/test_app_clients.py",
    ),
    Unseen(
        "PublishArtifactFunction",
        r"codebuild:(ListBuildsForProject|StopBuild)",
        "only after a function that died between a build's start and the note of it: functions/lifecycle/test_kills.py",
    ),
    Unseen(
        "PlanProvisionFunction",
        r"s3:(ListBucket|GetObjectVersion)|codebuild:\w+",
        "as PublishArtifactFunction, whose code it runs: functions/lifecycle/plan/test_plan.py",
    ),
    Unseen(
        "PlanRollbackFunction",
        r"s3:(GetObject|GetObjectVersion|ListBucket)|codebuild:\w+|ecr:DescribeImages|cognito-idp:\w+|"
        r"secretsmanager:DescribeSecret|bedrock-agentcore:ListAgentRuntimes",
        "as PlanProvisionFunction, for a version that is made anew of another kind of artifact or identity: "
        "functions/lifecycle/plan/test_rollback.py",
    ),
    Unseen(
        "PrepareRequestFunction",
        "s3:GetObjectVersion",
        "only for cases in a version that the input names: functions/lifecycle/request/test_case_plan.py",
    ),
    Unseen(
        "PrepareRollbackFunction",
        r"s3:(GetObject|GetObjectVersion|ListBucket)|secretsmanager:DescribeSecret",
        "as PrepareRequestFunction, for a version with cases in S3 or with a provider of its own: "
        "functions/lifecycle/request/test_case_plan.py",
    ),
    Unseen(
        "RunCasesFunction",
        "s3:GetObject",
        "only for cases in a bucket without versions: functions/lifecycle/cases/test_batch.py",
    ),
    Unseen(
        "RunCasesFunction",
        "cognito-idp:DescribeUserPoolClient",
        "only with client credentials, as RunSmokeTestFunction: functions/lifecycle/smoke_test/test_sign_in.py",
    ),
    Unseen(
        "DeliverTelemetryFunction",
        "logs:(DescribeDeliverySources|ListTagsForResource|TagResource|UntagResource|DeleteDeliveryDestination)",
        "only for resources of somebody else, other tags and a destination of another type: "
        "functions/lifecycle/observability/test_deliver.py",
    ),
    Unseen(
        "PlanProvisionFunction",
        "logs:(DescribeDeliveryDestinations|DescribeDeliverySources|ListTagsForResource)",
        "as DeliverTelemetryFunction, whose code it runs: functions/lifecycle/observability/test_plan.py",
    ),
    Unseen(
        r"(Deliver|Delete)TelemetryFunction",
        r"(logs:DeleteDeliverySource|bedrock-agentcore:AllowVendedLogDeliveryForResource)",
        "the evaluator's reference has other resource types for it (iam.OTHER_RESOURCES); the local AWS asks for it",
    ),
    Unseen(
        "DeployGatewayFunction",
        "bedrock-agentcore:(UpdateGateway|UpdateGatewayTarget|UntagResource)",
        "only for drift and other tags: functions/lifecycle/gateway/test_drift.py and test_deploy.py",
    ),
    Unseen(
        "DeployGatewayFunction",
        "iam:(DeleteRole|DeleteRolePolicy|DetachRolePolicy|PutRolePermissionsBoundary|UntagRole)",
        "only for drift of a role, other tags and another type of gateway: "
        "functions/lifecycle/gateway/mcp/test_rights.py and test_deploy.py",
    ),
    Unseen(
        "DeployGatewayFunction",
        "s3:(GetObject|GetObjectVersion|ListBucket)",
        "only for documents in S3: functions/lifecycle/request/test_gateway.py",
    ),
    Unseen(
        "DeleteGatewayFunction",
        "iam:DetachRolePolicy",
        "only for a policy that somebody else attached: functions/lifecycle/roles/test_converge.py",
    ),
    Unseen(
        "ShiftTrafficFunction",
        r"bedrock-agentcore:(DeleteAgentRuntimeEndpoint|UpdateAgentRuntimeEndpoint|DeleteGatewayTarget)",
        "only for an endpoint that failed or that a rollback left behind, and for a target of somebody else: "
        "functions/lifecycle/canary/test_shift.py",
    ),
    Unseen(
        "JudgeStepFunction",
        r"(s3:(GetObject|GetObjectVersion|ListBucket)|cloudwatch:GetMetricData)",
        "only with casesFrom, and for a gateway that was called: embedded/test_canary.py",
    ),
    Unseen(
        "JudgeStepFunction",
        "bedrock-agentcore:GetAgentCard",
        "only for the canary of an A2A agent behind an open gateway whose callers sign with IAM: "
        "local/agentcore/gateways/test_edge.py",
    ),
    Unseen(
        "JudgeStepFunction",
        "cognito-idp:DescribeUserPoolClient",
        "only with client credentials, as RunSmokeTestFunction: functions/lifecycle/smoke_test/test_sign_in.py",
    ),
    Unseen(
        "JudgeStepFunction",
        "logs:FilterLogEvents",
        "only for the cause of an agent that fails when it is asked: "
        "functions/lifecycle/canary/judging/test_judge.py",
    ),
    Unseen(
        "PlanRollbackFunction",
        r"bedrock-agentcore:((Get|List)Gateway\w*|GetResourcePolicy)",
        "only for an environment with a gateway: functions/lifecycle/plan/test_rollback.py",
    ),
    Unseen(
        "DeployCredentialsFunction",
        "bedrock-agentcore:CreateTokenVault",
        "users report that the first provider of an account needs it; AWS's reference, and so the evaluator, does not "
        "have it: embedded/test_credentials.py uses it",
    ),
    Unseen(
        "DeployCredentialsFunction",
        "bedrock-agentcore:(DeleteOauth2CredentialProvider|UpdateOauth2CredentialProvider|UntagResource)|"
        "iam:(PutRolePermissionsBoundary|UntagRole|UpdateAssumeRolePolicy)",
        "only for drift, other tags, and a client secret that is left out: "
        "functions/lifecycle/credentials/test_rights.py and test_deploy.py",
    ),
    Unseen(
        "PlanRollbackFunction",
        "bedrock-agentcore:(GetApiKeyCredentialProvider|GetOauth2CredentialProvider|ListTagsForResource)|"
        "iam:(GetRole|GetRolePolicy|ListAttachedRolePolicies|ListRolePolicies)",
        "only with credentials or an MCP gateway: functions/lifecycle/gateway/mcp/test_rights.py and "
        "functions/lifecycle/plan/test_credentials.py",
    ),
    Unseen(
        "SelectEnvironmentsFunction",
        "iam:GetRole|bedrock-agentcore:ListTagsForResource",
        "only while an environment has credentials: functions/lifecycle/fleet/test_orphans.py",
    ),
    Unseen(
        "PrepareRollbackFunction",
        "bedrock-agentcore:GetEvaluator",
        "only with evaluators: functions/lifecycle/auto_rollback/test_prepare.py",
    ),
    Unseen(
        "EvaluateSessionsFunction",
        r"bedrock:InvokeModel(WithResponseStream)?",
        "AgentCore asks the model of a custom evaluator with the caller's rights; the local AWS has built-in ones only",
    ),
    Unseen("StartExecutionFunction", "sqs:SendMessage", "Lambda itself keeps a lost event with it"),
    Unseen(
        r"StartExecutionFunction(Rebuild|Sweep|Verify|FindOrpha)\w*",
        r"(lambda:InvokeFunction|sqs:SendMessage)",
        "the local EventBridge Scheduler calls its target without the schedule's role",
    ),
)
