"""Which permissions a request to AgentCore needs.

AgentCore asks of the caller what it does with the caller's rights, such as passing the role and reading the zip.
Sources: service authorization reference; AgentCore developer guide, "IAM permissions for AgentCore Runtime".
"""

from __future__ import annotations

from collections.abc import Iterator

from local.edge.iam.identities import of_identities, of_identity_use
from local.edge.iam.permission import ANY_RESOURCE, Members, Permission, Place, request_tags


def of_invocation(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request to the data plane needs."""
    if operation == "InvokeGateway":
        gateway = place.arn("bedrock-agentcore", f"gateway/{members.get('gatewayIdentifier')}")
        yield Permission("bedrock-agentcore:InvokeGateway", gateway)
        return
    use = of_identity_use(operation, members, place)
    if use is not None:
        yield from use
        return
    actions, runtime = [operation], members.get("agentRuntimeArn")
    if runtime is not None and not runtime.startswith("arn:"):
        # An id names the same runtime, and must not lead past its policy.
        runtime = place.arn("bedrock-agentcore", f"runtime/{runtime}")
    if operation == "InvokeAgentRuntime" and "x-amzn-bedrock-agentcore-runtime-user-id" in members:
        # To speak for a user is an action of its own (developer guide, "Runtime OAuth": user id header).
        actions.append("InvokeAgentRuntimeForUser")
    for each in actions:
        action = f"bedrock-agentcore:{each}"
        yield Permission(action, runtime)
        if runtime is not None:
            endpoint = members.get("qualifier", "DEFAULT")
            yield Permission(action, f"{runtime}/runtime-endpoint/{endpoint}")


def of_agentcore(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request to the control plane needs."""
    if "Gateway" in operation:
        yield from _of_gateway(operation, members, place)
        return
    identities = of_identities(operation, members, place)
    if identities is not None:
        yield from identities
        return
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
        yield _pass_role(members)
        yield from _of_artifact(members.get("agentRuntimeArtifact") or {})
    if operation in ("CreateAgentRuntime", "DeleteAgentRuntime"):
        yield from _of_identity(operation[:6], place)


def _of_gateway(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request about a gateway, its targets or rules needs; the resource is always the gateway.

    Sources: the same, and the developer guide's "Set up permissions for AgentCore Gateway".
    """
    gateway = members.get("gatewayIdentifier")
    arn = place.arn("bedrock-agentcore", f"gateway/{gateway}") if gateway else ANY_RESOURCE
    yield Permission(f"bedrock-agentcore:{operation}", arn, request_tags(members))
    if operation == "CreateGateway" and members.get("tags"):
        made = place.arn("bedrock-agentcore", "gateway/*")
        yield Permission("bedrock-agentcore:TagResource", made)
    if operation in ("CreateGateway", "UpdateGateway"):
        yield _pass_role(members)
    if operation in ("CreateGateway", "DeleteGateway"):
        # A gateway has a workload identity of its own, as a runtime has.
        yield from _of_identity(operation[:6], place)


def _pass_role(members: Members) -> Permission:
    passed = {"iam:PassedToService": "bedrock-agentcore.amazonaws.com"}
    return Permission("iam:PassRole", str(members.get("roleArn")), passed)


def _of_identity(verb: str, place: Place) -> Iterator[Permission]:
    """Return what making or deleting a workload identity needs; `verb` is `Create` or `Delete`."""
    needed = f"bedrock-agentcore:{verb}WorkloadIdentity"
    directory = place.arn("bedrock-agentcore", "workload-identity-directory/default")
    yield Permission(needed, directory)
    yield Permission(needed, f"{directory}/workload-identity/*")


def _of_artifact(artifact: Members) -> Iterator[Permission]:
    s3 = artifact.get("codeConfiguration", {}).get("code", {}).get("s3", {})
    if s3:
        action = "s3:GetObjectVersion" if s3.get("versionId") else "s3:GetObject"
        yield Permission(action, f"arn:aws:s3:::{s3.get('bucket')}/{s3.get('prefix')}")
