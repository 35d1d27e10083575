"""The configuration of a runtime: what the request requires, where AgentCore's differs, and what an update sends."""

from __future__ import annotations

from typing import Any, Literal

from lifecycle import names
from lifecycle.errors import ArtifactBuildError, AwsCallError
from lifecycle.record import ArtifactRecord, IdentityRecord, Record
from lifecycle.request.model import Request

# AgentCore's defaults in seconds (botocore's model: LifecycleConfiguration). They are always sent, so that a request
# that no longer sets a time-out resets it to its default.
_IDLE_SECONDS = 900
_LIFETIME_SECONDS = 28800

ARTIFACT = "agentRuntimeArtifact"
METADATA = "metadataConfiguration"
# What drift in each part is called in the output.
DRIFT = {
    ARTIFACT: "the runtime's artifact was changed",
    "roleArn": "the runtime's execution role was changed",
    "networkConfiguration": "the runtime's network was changed",
    "protocolConfiguration": "the runtime's protocol was changed",
    "authorizerConfiguration": "the runtime's authorizer was changed",
    "environmentVariables": "the runtime's environment variables were changed",
    "requestHeaderConfiguration": "the runtime's request header list was changed",
    "lifecycleConfiguration": "the runtime's session time-outs were changed",
    "description": "the runtime's description was changed",
    METADATA: "the runtime did not require MMDSv2",
}

Configuration = dict[str, Any]


def desired(
    request: Request, record: Record, role_arn: str, model_id: str, stack: str, region: str
) -> Configuration:
    """Say how the runtime must be configured; a part that must be absent is None.

    Args:
        request: What is asked for.
        record: The environment's identity and artifact.
        role_arn: The agent's execution role.
        model_id: The agent's model, its environment variable `MODEL_ID`.
        stack: The stack's name.
        region: The Region, for the agent's own AWS clients. Whether AgentCore sets it is not documented; without it
            some SDKs ask another Region, which the execution role does not allow.

    Returns:
        Each managed part by its name in `UpdateAgentRuntime`.

    Raises:
        ArtifactBuildError: The record has no published artifact.
    """
    runtime = request.runtime
    idle = runtime.idle_timeout_seconds
    lifetime = runtime.max_lifetime_seconds or max(_LIFETIME_SECONDS, idle or 0)
    return {
        ARTIFACT: _artifact(record.artifact),
        "roleArn": role_arn,
        "networkConfiguration": {"networkMode": "PUBLIC"}
        if runtime.network is None
        else {
            "networkMode": "VPC",
            "networkModeConfig": {
                "subnets": runtime.network.subnets,
                "securityGroups": runtime.network.security_groups,
            },
        },
        "protocolConfiguration": {"serverProtocol": runtime.protocol},
        "authorizerConfiguration": _authorizer(request, record.identity),
        "environmentVariables": {
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "MODEL_ID": model_id,
        }
        | runtime.environment_variables,
        "requestHeaderConfiguration": {"requestHeaderAllowlist": runtime.request_headers}
        if runtime.request_headers
        else None,
        "lifecycleConfiguration": {
            "idleRuntimeSessionTimeout": idle or min(_IDLE_SECONDS, lifetime),
            "maxLifetime": lifetime,
        },
        "description": runtime.description or f"Environment {request.environment} of stack {stack}",
        METADATA: {"requireMMDSV2": True},
    }


def digests(wanted: Configuration) -> dict[str, str]:
    """A digest of each part, for the record: it tells parts apart without repeating their values."""
    return {part: names.digest(_plain(part, value)) for part, value in wanted.items()}


def differences(
    wanted: Configuration, observed: Configuration, deployed: dict[str, str]
) -> list[str]:
    """Name the parts in which AgentCore's configuration differs from what is wanted.

    Args:
        wanted: From `desired`.
        observed: The answer of `GetAgentRuntime`.
        deployed: The digests that the last deployment wrote.
    """
    found = []
    for part, value in wanted.items():
        seen = observed.get(part)
        if part == METADATA and seen is None and part in deployed:
            continue  # written before, and this AgentCore does not return it
        if _plain(part, value) != _plain(part, seen):
            found.append(part)
    return found


def drift(
    different: list[str], wanted: Configuration, observed: Configuration, deployed: dict[str, str]
) -> list[str]:
    """Say which differences are drift: the request still asks for what was last written, AgentCore has another value.

    Returns:
        Sentences for the output's `repaired`; never a value of the configuration.
    """
    asked = digests(wanted)
    by_hand = [part for part in different if deployed.get(part) == asked[part]]
    removed = "authorizerConfiguration"
    return [
        "the runtime's authorizer was removed"
        if part == removed and not _plain(part, observed.get(part))
        else DRIFT[part]
        for part in by_hand
    ]


def creation(wanted: Configuration) -> Configuration:
    """The parts as `CreateAgentRuntime` takes them: without the metadata configuration, which it does not have."""
    return {part: value for part, value in wanted.items() if value is not None and part != METADATA}


def update(control: Any, wanted: Configuration, observed: Configuration) -> Configuration:
    """The whole request of `UpdateAgentRuntime`, which resets every part that is left out.

    What the lifecycle does not manage is carried over from `observed`: every member that botocore's model has both in
    the answer of `GetAgentRuntime` and in the request of `UpdateAgentRuntime`.
    """
    model = control.meta.service_model
    given = model.operation_model("UpdateAgentRuntime").input_shape.members
    answered = model.operation_model("GetAgentRuntime").output_shape.members
    whole = {
        name: observed[name]
        for name in given
        if name in answered and name not in wanted and observed.get(name) is not None
    }
    for part, value in wanted.items():
        if value is not None:
            whole[part] = _with_the_rest(part, value, observed.get(part))
    return whole


def artifact_kind(configuration: Configuration) -> Literal["container", "code"]:
    """Tell which kind of artifact a configuration has."""
    return "code" if "codeConfiguration" in configuration[ARTIFACT] else "container"


def _artifact(artifact: ArtifactRecord | None) -> Configuration:
    if artifact is None or not artifact.published:
        raise ArtifactBuildError("the artifact is not published; retry the execution")
    if artifact.type == "container":
        return {"containerConfiguration": {"containerUri": artifact.container_uri}}
    location = {"bucket": artifact.bucket, "prefix": artifact.key}
    if artifact.version_id is not None:
        location["versionId"] = artifact.version_id
    return {
        "codeConfiguration": {
            "code": {"s3": location},
            "runtime": artifact.runtime,
            "entryPoint": artifact.entry_point,
        }
    }


def _authorizer(request: Request, identity: IdentityRecord | None) -> Configuration | None:
    if request.auth.type == "iam":
        return None
    if request.auth.type == "jwt":
        auth = request.auth
        values = {
            "discoveryUrl": auth.discovery_url,
            "allowedAudience": auth.allowed_audience,
            "allowedClients": auth.allowed_clients,
            "allowedScopes": auth.allowed_scopes,
        }
    else:
        if identity is None or identity.type != "cognito" or identity.client_id is None:
            # Never deploy without the authorizer that the request asks for.
            raise AwsCallError("the identity is not provisioned; retry the execution")
        machine = request.auth.cognito_flow == "clientCredentials"
        values = {
            "discoveryUrl": identity.discovery_url,
            # Cognito's access tokens have the claim client_id and no aud, so the client is allowed, not an audience.
            "allowedClients": [identity.client_id],
            "allowedScopes": [identity.scope] if machine and identity.scope else None,
        }
    return {
        "customJWTAuthorizer": {name: value for name, value in values.items() if value is not None}
    }


def _plain(part: str, value: Any) -> Any:
    """A part in comparable form: only what the lifecycle manages, with defaults, and with sorted lists."""
    value = value or {}
    if part == "authorizerConfiguration":
        jwt = value.get("customJWTAuthorizer") or {}
        lists = ("allowedAudience", "allowedClients", "allowedScopes")
        return {
            **({"discoveryUrl": jwt["discoveryUrl"]} if jwt else {}),
            **{name: sorted(jwt[name]) for name in lists if jwt.get(name)},
            **({"customClaims": jwt["customClaims"]} if jwt.get("customClaims") else {}),
        }
    if part == "networkConfiguration":
        vpc = value.get("networkModeConfig") or {}
        return [
            value.get("networkMode", "PUBLIC"),
            sorted(vpc.get("subnets", [])),
            sorted(vpc.get("securityGroups", [])),
        ]
    if part == "requestHeaderConfiguration":
        return sorted(name.lower() for name in value.get("requestHeaderAllowlist") or [])
    if part == "protocolConfiguration":
        return value.get("serverProtocol", "HTTP")
    if part == "lifecycleConfiguration":
        return [
            value.get("idleRuntimeSessionTimeout", _IDLE_SECONDS),
            value.get("maxLifetime", _LIFETIME_SECONDS),
        ]
    if part == METADATA:
        return bool(value.get("requireMMDSV2"))
    return value


def _with_the_rest(part: str, value: Any, observed: Any) -> Any:
    # A part also has members that the lifecycle does not manage (a VPC's requireServiceS3Endpoint, a JWT authorizer's
    # private endpoint). They are kept while the network mode or the provider stays the same.
    if not observed:
        return value
    if part == "authorizerConfiguration":
        ours, theirs = value["customJWTAuthorizer"], observed.get("customJWTAuthorizer") or {}
        if theirs.get("discoveryUrl") != ours["discoveryUrl"]:
            return value
        managed = {"allowedAudience", "allowedClients", "allowedScopes", "customClaims"}
        rest = {name: item for name, item in theirs.items() if name not in managed}
        return {"customJWTAuthorizer": rest | ours}
    if part == "networkConfiguration" and value["networkMode"] == "VPC":
        theirs = observed.get("networkModeConfig") or {}
        return value | {"networkModeConfig": theirs | value["networkModeConfig"]}
    if part == "protocolConfiguration" and _plain(part, observed) == value["serverProtocol"]:
        return observed | value
    if part == METADATA:
        return observed | value
    return value
