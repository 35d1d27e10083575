"""Which members of AgentCore's own requests the lifecycle sets, and which the input passes on.

The input's `runtime.configuration` takes every member of `CreateAgentRuntime`, and `auth.configuration` every member of
`customJWTAuthorizer`, in AWS's own names, except those below: each has a field of its own, or is the lifecycle's to
set. A test walks the service model and fails when a member is in neither.
"""

from __future__ import annotations

# Members of CreateAgentRuntime and UpdateAgentRuntime, by path, with what to use instead.
RUNTIME_OWNED: dict[str, str] = {
    "agentRuntimeName": "the lifecycle derives the runtime's name from the stack and the environment",
    "agentRuntimeId": "the lifecycle finds the runtime by its record",
    "agentRuntimeArtifact": "use the field artifact",
    "roleArn": "the stack's execution role runs every agent",
    "clientToken": "the lifecycle derives the token, so that a retry creates nothing twice",
    "tags": "use the field tags",
    "authorizerConfiguration": "use the field auth, and auth.configuration for what has no field",
    "metadataConfiguration": "the lifecycle requires MMDSv2 for every runtime",
    "description": "use the field runtime.description",
    "environmentVariables": "use the field runtime.environmentVariables",
    "requestHeaderConfiguration": "use the field runtime.requestHeaders",
    "lifecycleConfiguration": "use the fields runtime.idleTimeoutSeconds and runtime.maxLifetimeSeconds",
    "protocolConfiguration.serverProtocol": "use the field runtime.protocol",
    "networkConfiguration.networkMode": "use the field runtime.network",
    "networkConfiguration.networkModeConfig.subnets": "use the field runtime.network.subnets",
    "networkConfiguration.networkModeConfig.securityGroups": "use the field runtime.network.securityGroups",
}

# Members of customJWTAuthorizer, by path, with what to use instead.
AUTH_OWNED: dict[str, str] = {
    "discoveryUrl": "use the field auth.discoveryUrl; for auth.type cognito the lifecycle sets it",
    "allowedClients": "use the field auth.allowedClients; for auth.type cognito the lifecycle sets it",
    "allowedAudience": "use the field auth.allowedAudience; Cognito's access tokens have no audience",
    "allowedScopes": "use the field auth.allowedScopes; for auth.type cognito the lifecycle sets it",
}
