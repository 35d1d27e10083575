"""The configuration of a runtime: what the request wants, how the service's differs, what is written back."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.artifact.publish import CODE_RUNTIME
from lifecycle.errors import ArtifactBuildError, AwsCallError
from lifecycle.record import ArtifactRecord, IdentityRecord, Record
from lifecycle.request.model import Request
from lifecycle.runtime.agentcore import FAILED

# AgentCore's defaults in seconds (botocore's model: LifecycleConfiguration). They are written out, so that a request
# that no longer names a time-out gets them back.
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
    """Say how the runtime is to be; a part that is to be absent is None.

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
    """A digest of each part, for the record: it tells what was asked without repeating it."""
    return {part: names.digest(_plain(part, value)) for part, value in wanted.items()}


def differences(
    wanted: Configuration, observed: Configuration, deployed: dict[str, str]
) -> list[str]:
    """Name the parts in which the service's configuration is not what is wanted.

    Args:
        wanted: From `desired`.
        observed: The answer of `GetAgentRuntime`.
        deployed: The digests that the last deployment wrote.
    """
    found = []
    for part, value in wanted.items():
        seen = observed.get(part)
        if part == METADATA and seen is None and part in deployed:
            continue  # written before, and this service does not tell it
        if _plain(part, value) != _plain(part, seen):
            found.append(part)
    return found


def drift(
    different: list[str], wanted: Configuration, observed: Configuration, deployed: dict[str, str]
) -> list[str]:
    """Say which differences were made by hand: parts that are asked for as they were last written.

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
    """The parts as `CreateAgentRuntime` takes them: it has no metadata configuration (new runtimes require MMDSv2)."""
    return {part: value for part, value in wanted.items() if value is not None and part != METADATA}


def update(control: Any, wanted: Configuration, observed: Configuration) -> Configuration:
    """Everything that `UpdateAgentRuntime` must be told, since it drops whatever it is not.

    What the lifecycle does not manage is carried over: every member that botocore's model has both in the answer of
    `GetAgentRuntime` and in the request of `UpdateAgentRuntime`.
    """
    model = control.meta.service_model
    given = model.operation_model("UpdateAgentRuntime").input_shape.members
    told = model.operation_model("GetAgentRuntime").output_shape.members
    whole = {
        name: observed[name]
        for name in given
        if name in told and name not in wanted and observed.get(name) is not None
    }
    for part, value in wanted.items():
        if value is not None:
            whole[part] = _with_the_rest(part, value, observed.get(part))
    return whole


def artifact_kind(configuration: Configuration) -> str:
    """`container` or `code`."""
    return "code" if "codeConfiguration" in configuration[ARTIFACT] else "container"


def is_failed(observed: dict[str, Any]) -> bool:
    """Tell whether a runtime or endpoint is in a failed state."""
    return observed["status"] in FAILED


def _artifact(artifact: ArtifactRecord | None) -> Configuration:
    if artifact is None or not artifact.published:
        raise ArtifactBuildError("the artifact is not published; start the execution again")
    if artifact.type == "container":
        return {"containerConfiguration": {"containerUri": artifact.container_uri}}
    location = {"bucket": artifact.bucket, "prefix": artifact.key}
    if artifact.version_id is not None:
        location["versionId"] = artifact.version_id
    return {
        "codeConfiguration": {
            "code": {"s3": location},
            "runtime": CODE_RUNTIME,
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
            # Never deploy without the authorizer that was asked for.
            raise AwsCallError("the identity is not provisioned; start the execution again")
        machine = request.auth.cognito_flow == "clientCredentials"
        values = {
            "discoveryUrl": identity.discovery_url,
            # Cognito's access tokens have the claim client_id and no aud, so it is clients that are named.
            "allowedClients": [identity.client_id],
            "allowedScopes": [identity.scope] if machine and identity.scope else None,
        }
    return {
        "customJWTAuthorizer": {name: value for name, value in values.items() if value is not None}
    }


def _plain(part: str, value: Any) -> Any:
    """A part as it is compared: only what is managed, defaults filled in, lists that are sets in one order."""
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
    # Inside of a part, too, there are members that we do not manage (a VPC's requireServiceS3Endpoint, a JWT
    # authorizer's private endpoint): they stay as long as the thing that they belong to is the same.
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
