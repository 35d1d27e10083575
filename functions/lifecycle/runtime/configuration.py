"""The configuration of a runtime: what the request requires, and what a create or an update sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any, Literal

from lifecycle.doors.lock import LOCK, locked
from lifecycle.errors import ArtifactBuildError, AwsCallError
from lifecycle.record import Record
from lifecycle.request.model import Request
from lifecycle.roles.use import variables_of
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.sections.identity import IdentityRecord

# AgentCore's defaults in seconds (botocore's model: LifecycleConfiguration). They are always sent, so that a request
# that no longer sets a time-out resets it to its default.
IDLE_SECONDS = 900
LIFETIME_SECONDS = 28800

ARTIFACT = "agentRuntimeArtifact"
AUTHORIZER = "authorizerConfiguration"
METADATA = "metadataConfiguration"
Configuration = dict[str, Any]
# Where a member stands: the names from the whole configuration down to it.
Path = tuple[str, ...]


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
    lifetime = runtime.max_lifetime_seconds or max(LIFETIME_SECONDS, idle or 0)
    wanted = {
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
        "authorizerConfiguration": locked(
            authorizer(request, record.identity),
            record.identity.only_gateway if record.identity else None,
        ),
        "environmentVariables": {
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "MODEL_ID": model_id,
        }
        | variables_of(request, record)
        | runtime.environment_variables,
        "requestHeaderConfiguration": {"requestHeaderAllowlist": runtime.request_headers}
        if runtime.request_headers
        else None,
        "lifecycleConfiguration": {
            "idleRuntimeSessionTimeout": idle or min(IDLE_SECONDS, lifetime),
            "maxLifetime": lifetime,
        },
        "description": runtime.description or f"Environment {request.environment} of stack {stack}",
        METADATA: {"requireMMDSV2": True},
    }
    for name, value in runtime.configuration.items():
        wanted[name] = _merged(wanted.get(name), value)
    return wanted


def configured(request: Request, identity: IdentityRecord | None = None) -> list[Path]:
    """The members that `runtime.configuration`, `auth.configuration` and `gateway.only` set, for the record.

    A member that an earlier request named and this one leaves out goes back to AgentCore's default.
    """
    jwt = (AUTHORIZER, "customJWTAuthorizer")
    locks = identity is not None and identity.type != "iam" and bool(identity.only_gateway)
    lock = [(*jwt, LOCK)] if locks else []
    return sorted(
        [*_leaves(request.runtime.configuration), *_leaves(request.auth.configuration, jwt), *lock]
    )


def without(configuration: Configuration, paths: Iterable[Path]) -> Configuration:
    """A copy of a configuration that lacks some members; an object that this empties goes, too."""
    copy = deepcopy(configuration)
    for path in paths:
        _remove(copy, path)
    return copy


def creation(wanted: Configuration) -> Configuration:
    """The parts as `CreateAgentRuntime` takes them: it has no metadata configuration (new runtimes require MMDSv2)."""
    return {part: value for part, value in wanted.items() if value is not None and part != METADATA}


def update(
    control: Any, wanted: Configuration, observed: Configuration, dropped: Iterable[Path] = ()
) -> Configuration:
    """The whole request of `UpdateAgentRuntime`, which resets every part that is left out.

    What the lifecycle does not manage is carried over from `observed`: every member that botocore's model has both in
    the answer of `GetAgentRuntime` and in the request of `UpdateAgentRuntime`.

    Args:
        control: A boto3 client of the control plane, for its service model.
        wanted: From `desired`.
        observed: The answer of `GetAgentRuntime`.
        dropped: Members that the last deployment set and the request no longer names: they are not carried over.
    """
    observed = without(observed, dropped)
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


def artifact_kind(configuration: Configuration) -> Literal["container", "code"]:
    """Tell which kind of artifact a configuration has."""
    return "code" if "codeConfiguration" in configuration[ARTIFACT] else "container"


def authorizer(request: Request, identity: IdentityRecord | None) -> Configuration | None:
    """Say who may call the runtime: its `authorizerConfiguration`; None for IAM.

    Args:
        request: What is asked for.
        identity: What the lifecycle has in Cognito.

    Raises:
        AwsCallError: The identity is not provisioned.
    """
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
    given = {name: value for name, value in values.items() if value is not None}
    return {"customJWTAuthorizer": request.auth.configuration | given}


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
            "runtime": artifact.runtime,
            "entryPoint": artifact.entry_point,
        }
    }


def _with_the_rest(part: str, value: Any, observed: Any) -> Any:
    # A part, too, has members that nobody named here (a VPC's requireServiceS3Endpoint, a JWT authorizer's private
    # endpoint). They stay as long as the thing that they belong to is the same.
    if not observed:
        return value
    if part == AUTHORIZER:
        ours, theirs = value["customJWTAuthorizer"], observed.get("customJWTAuthorizer") or {}
        if theirs.get("discoveryUrl") != ours["discoveryUrl"]:
            return value
        managed = {"allowedAudience", "allowedClients", "allowedScopes", "customClaims"}
        rest = {name: item for name, item in theirs.items() if name not in managed}
        return {"customJWTAuthorizer": rest | ours}
    if part == "networkConfiguration" and value["networkMode"] == "VPC":
        theirs = observed.get("networkModeConfig") or {}
        return value | {"networkModeConfig": theirs | value["networkModeConfig"]}
    if part == "protocolConfiguration":
        same = observed.get("serverProtocol", "HTTP") == value["serverProtocol"]
        return observed | value if same else value
    if part == METADATA:
        return observed | value
    return value


def _merged(base: Any, value: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(value, dict)):
        return value
    return base | {name: _merged(base.get(name), item) for name, item in value.items()}


def _leaves(value: Configuration, above: Path = ()) -> Iterator[Path]:
    for name, item in value.items():
        path = (*above, name)
        if isinstance(item, dict) and item:
            yield from _leaves(item, path)
        else:
            yield path


def _remove(value: Any, path: Path) -> None:
    if not isinstance(value, dict) or path[0] not in value:
        return
    if len(path) > 1:
        _remove(value[path[0]], path[1:])
        if value[path[0]] != {}:
            return
    del value[path[0]]
