"""Each wildcard in a policy has its reason: AWS's reference knows no resource for the action, or the table says why."""

from __future__ import annotations

from pathlib import Path

from tests.foreign import javascript
from tests.foreign.engines.transformed import Statement, statements

SCRIPT = Path(__file__).with_name("actions.mjs")
EVERYTHING = "*"
DESPITE_RESOURCES = {
    "cloudwatch:PutMetricData": "its resource type, dataset, is no namespace; a condition names the namespace",
    "bedrock-agentcore:Evaluate": "AWS's guide to evaluations allows it on everything: a built-in evaluator's ARN has "
    "no Region and no account",
    "bedrock-agentcore:GetEvaluator": "as Evaluate; only reads",
    "cloudwatch:GetMetricData": "as PutMetricData, and no condition key narrows what is read; only reads",
    "cloudwatch:ListMetrics": "as GetMetricData; only reads",
    "logs:GetQueryResults": "a query is named by its id, which only who started it knows; StartQuery names the groups",
}
"""Actions that are allowed on every resource although the reference knows resource types, and why."""
NO_CONDITION = {
    "bedrock-agentcore:Evaluate",
    "bedrock-agentcore:GetEvaluator",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "logs:GetQueryResults",
}
"""Those of them that no condition narrows either."""

NOT_IN_THE_REFERENCE = {
    "bedrock-agentcore:CreateTokenVault": "users report that the first credential provider of an account needs it",
}
"""Actions that the reference does not have, and why the template allows them all the same."""

_BELOW = "arn:${AWS::Partition}:"
_HERE = "${AWS::Region}:${AWS::AccountId}:"
REASONS = {
    # --- ids that a service gives ---
    f"{_BELOW}bedrock-agentcore:{_HERE}runtime/*": "AgentCore adds ten characters to the name; no condition key "
    "for tags is documented for these actions, so the code compares the tags",
    f"{_BELOW}bedrock-agentcore:{_HERE}workload-identity-directory/default/workload-identity/*": "named after the "
    "runtime or gateway, with the same ten characters",
    f"{_BELOW}cognito-idp:{_HERE}userpool/*": "the id is Cognito's; changes are allowed only with the stack's tag",
    f"{_BELOW}secretsmanager:{_HERE}secret:${{AWS::StackName}}/*": "below the stack's name; the ARN ends in six "
    "characters of Secrets Manager's own",
    f"{_BELOW}secretsmanager:{_HERE}secret:*": "a secret of the caller's own, only with the tag that allows it",
    f"{_BELOW}kms:{_HERE}key/*": "a secret of the caller's own may have a key of its own, whose policy must name the "
    "role; a condition lets only Secrets Manager use it",
    f"{_BELOW}states:{_HERE}execution:*": "the holder of a lock is an execution of either machine; only "
    "DescribeExecution",
    f"{_BELOW}states:{_HERE}execution:${{LifecycleStateMachine.Name}}:*": "executions that the fleet waits for",
    f"{_BELOW}states:{_HERE}execution:${{FleetStateMachine.Name}}:*": "executions of the distributed map",
    f"{_BELOW}states:{_HERE}execution:${{FleetStateMachine.Name}}/*": "executions of the distributed map",
    f"{_BELOW}lambda:{_HERE}function:${{functionName}}*": "SAM's LambdaInvokePolicy: versions and aliases of the "
    "function",
    f"{_BELOW}iam::${{AWS::AccountId}}:role/aws-service-role/runtime-identity.bedrock-agentcore.amazonaws.com/*": "the "
    "linked role's name is the service's; a condition names the service",
    f"{_BELOW}iam::${{AWS::AccountId}}:role/aws-service-role/network.bedrock-agentcore.amazonaws.com/*": "the linked "
    "role's name is the service's; a condition names the service",
    # --- one for each environment ---
    f"{_BELOW}iam::${{AWS::AccountId}}:role/agentcore-*": "only GetRole: IAM knows no path of a role that is not there",
    f"{_BELOW}iam::${{AWS::AccountId}}:role/agentcore-lifecycle/${{AWS::StackName}}/*": "the roles of "
    "environments, below the stack's own path; only reads",
    f"{_BELOW}iam::${{AWS::AccountId}}:role/agentcore-lifecycle/${{AWS::StackName}}/*-agent": "the roles of "
    "environments' agents that have credentials; none can have more than their boundary",
    f"{_BELOW}iam::${{AWS::AccountId}}:role/agentcore-lifecycle/${{AWS::StackName}}/*-gateway": "the roles of MCP "
    "gateways of environments; none can have more than their boundary",
    f"{_BELOW}bedrock-agentcore:{_HERE}token-vault/default/*credentialprovider/${{AWS::StackName}}--*": "the stack's "
    "own credential providers, of both kinds",
    f"{_BELOW}bedrock-agentcore:{_HERE}token-vault/default/apikeycredentialprovider/${{AWS::StackName}}--*": "named "
    "after the stack, one for each credential",
    f"{_BELOW}bedrock-agentcore:{_HERE}token-vault/default/oauth2credentialprovider/${{AWS::StackName}}--*": "named "
    "after the stack, one for each credential",
    f"{_BELOW}acps:{_HERE}token-vault/default/apikeycredentialprovider/${{AWS::StackName}}--*": "the same, as the "
    "service model writes its ARN",
    f"{_BELOW}acps:{_HERE}token-vault/default/oauth2credentialprovider/${{AWS::StackName}}--*": "the same, as the "
    "service model writes its ARN",
    f"{_BELOW}secretsmanager:{_HERE}secret:bedrock-agentcore-identity!default/*/${{AWS::StackName}}--*": "the secret "
    "that AgentCore keeps of a provider; it ends in six characters of Secrets Manager's own",
    f"{_BELOW}logs:{_HERE}log-group:/aws/bedrock-agentcore/runtimes/*": "AgentCore names the groups after runtimes",
    f"{_BELOW}logs:{_HERE}log-group:*": "AWS's policy for an execution role; only DescribeLogGroups",
    "${ArtifactBucket.Arn}/*": "a source may be at any key of the stack's own bucket; only reads",
    f"{_BELOW}s3:::${{SourceBucket}}/*": "a source may be at any key of the team's bucket; only reads",
    "${ArtifactBucket.Arn}/environments/*": "what an earlier version of the stack made; only the teardown deletes it",
    f"{_BELOW}logs:{_HERE}log-group:/aws/vendedlogs/bedrock-agentcore/runtime/${{AWS::StackName}}/*": "one group for "
    "each environment that asks for observability",
    f"{_BELOW}logs:{_HERE}delivery:*": "the id is CloudWatch's; the code compares source and destination",
    f"{_BELOW}logs:{_HERE}delivery-source:*": "named after the runtime; the code compares the tags",
    f"{_BELOW}logs:{_HERE}delivery-destination:*": "named after the runtime; the code compares the tags",
    f"{_BELOW}logs:{_HERE}log-group:aws/spans:*": "the account's group of spans with its streams; only queries",
    f"{_BELOW}bedrock-agentcore:{_HERE}gateway/*": "one for each environment that asks for it; the code compares the "
    "tags",
    # --- one for each source, by its hash ---
    "${ArtifactBucket.Arn}/build-sources/*": "the packed sources of builds",
    "${ArtifactBucket.Arn}/builds/*": "what builds write, and nothing else uses by name",
    "${ArtifactBucket.Arn}/packages/*": "the zips that runtimes run",
    "${ArtifactBucket.Arn}/fleets/*": "files of fleet executions",
    "${ArtifactBucket.Arn}/fleets/*/results/*": "results of fleet executions",
    "${ArtifactBucket.Arn}/fleets/*/report.json": "reports of fleet executions",
    # --- what the input or a Region decides ---
    f"{_BELOW}ecr:{_HERE}repository/*": "the input may name an image of any repository of the account; only reads",
    f"{_BELOW}bedrock:*::foundation-model/*": "a custom evaluator names its model, which AgentCore asks "
    "with the rights of EvaluateSessionsFunction",
    f"{_BELOW}bedrock:*:${{AWS::AccountId}}:inference-profile/*": "as for the models",
    f"{_BELOW}bedrock:*::foundation-model/${{FoundationModelId}}": "the inference profile routes to several Regions; a "
    "condition names the profile",
}
"""Resources with a wildcard, as the template writes them, and why each is not narrower."""


def wild() -> list[Statement]:
    """Statements in which a resource has a wildcard."""
    return [each for each in statements() if any("*" in resource for resource in each.resources)]


def test_every_action_on_everything_has_no_resource_to_name() -> None:
    """The service authorization reference: an action without resource types can only be allowed on `*`."""
    actions = sorted(
        {action for each in wild() if EVERYTHING in each.resources for action in each.actions}
    )
    assert len(actions) > 15
    types = dict(zip(actions, javascript.run(SCRIPT, actions), strict=True))
    assert [action for action, found in types.items() if found is None] == []
    assert {action for action, found in types.items() if found} == set(DESPITE_RESOURCES)


def test_an_action_on_everything_despite_its_resources_has_a_condition() -> None:
    for each in wild():
        if EVERYTHING in each.resources and set(each.actions) & (
            set(DESPITE_RESOURCES) - NO_CONDITION
        ):
            assert each.condition


def test_every_other_wildcard_has_its_reason() -> None:
    found = {resource for each in wild() for resource in each.resources if "*" in resource}
    assert found - {EVERYTHING} == set(REASONS)


def test_no_action_has_a_wildcard_and_all_exist() -> None:
    actions = sorted({action for each in statements() for action in each.actions})
    assert [action for action in actions if "*" in action] == []
    types = javascript.run(SCRIPT, actions)
    unknown = {action for action, found in zip(actions, types, strict=True) if found is None}
    assert unknown == set(NOT_IN_THE_REFERENCE)
