"""The rules for gateways and targets that no shape can say, and what of them is not served here.

Sources: AgentCore developer guide, "Gateway inbound auth", "Gateway outbound auth" and "AgentCore Runtime targets";
botocore's documentation of the members.
"""

from __future__ import annotations

import json
from typing import Any

from local.agentcore.control.configuration import check_authorizer
from local.agentcore.control.gateways.records import HTTP_RUNTIME, MCP_LAMBDA, kind_of
from local.agentcore.model.errors import ServiceError, invalid_field, not_served

GATEWAY_MEMBERS = (
    "description",
    "roleArn",
    "protocolType",
    "protocolConfiguration",
    "authorizerType",
    "authorizerConfiguration",
    "exceptionLevel",
)
"""What create and update of a gateway take over; each is gone if an update leaves it out."""
TARGET_MEMBERS = ("description", "targetConfiguration", "credentialProviderConfigurations")
"""What create and update of a target take over."""

MCP_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
"""The versions of the Model Context Protocol that a gateway speaks unless it is told which, newest first (developer
guide, "Use a gateway")."""

_UNSERVED_OF_GATEWAY = (
    "kmsKeyArn",
    "interceptorConfigurations",
    "policyEngineConfiguration",
    "customTransformConfiguration",
    "wafConfiguration",
    "domainOverride",
)
_UNSERVED_OF_TARGET = ("metadataConfiguration", "privateEndpoint", "certificateConfigurations")
_CREDENTIALS = {
    HTTP_RUNTIME: ("GATEWAY_IAM_ROLE", "CALLER_IAM_CREDENTIALS", "OAUTH", "JWT_PASSTHROUGH"),
    MCP_LAMBDA: ("GATEWAY_IAM_ROLE",),
}


def check_gateway(request: dict[str, Any]) -> None:
    """Check what one member of a gateway means for another.

    Raises:
        ServiceError: ValidationException that names the member, or what is not served.
    """
    for name in _UNSERVED_OF_GATEWAY:
        if request.get(name) is not None:
            raise not_served(f"gateways with {name}")
    kind, authorizer = request["authorizerType"], request.get("authorizerConfiguration")
    if kind not in ("CUSTOM_JWT", "AWS_IAM"):
        raise not_served(f"gateways with the authorizerType {kind}")
    if kind == "CUSTOM_JWT" and authorizer is None:
        message = "The authorizerType CUSTOM_JWT needs an authorizerConfiguration."
        raise invalid_field("authorizerConfiguration", message)
    if kind == "AWS_IAM" and authorizer is not None:
        message = "The authorizerType AWS_IAM takes no authorizerConfiguration."
        raise invalid_field("authorizerConfiguration", message)
    if authorizer is not None:
        check_authorizer(authorizer["customJWTAuthorizer"])
    protocol = request.get("protocolConfiguration", {}).get("mcp")
    if protocol is not None and request.get("protocolType") != "MCP":
        message = "Only the protocolType MCP takes a protocolConfiguration."
        raise invalid_field("protocolConfiguration", message)
    for version in (protocol or {}).get("supportedVersions", ()):
        if version not in MCP_VERSIONS:
            raise not_served(f"gateways with the MCP version {version}")
    for name in ("searchType", "sessionConfiguration", "streamingConfiguration"):
        if protocol is not None and protocol.get(name) is not None:
            raise not_served(f"gateways with protocolConfiguration.mcp.{name}")


def check_target(request: dict[str, Any], protocol: str | None, schema_bytes: int) -> None:
    """Check a target's configuration against its gateway and its credentials.

    Args:
        request: The request's members.
        protocol: The gateway's `protocolType`.
        schema_bytes: How large the tools of a Lambda target may be.

    Raises:
        ServiceError: ValidationException that names the member, or what is not served.
    """
    for name in _UNSERVED_OF_TARGET:
        if request.get(name) is not None:
            raise not_served(f"gateway targets with {name}")
    kind = kind_of(request["targetConfiguration"])
    named = ".".join(kind)
    if kind not in _CREDENTIALS:
        raise not_served(f"gateway targets of the kind {named}")
    if kind == MCP_LAMBDA and protocol is None:
        raise not_served(f"gateway targets of the kind {named} on a gateway without protocolType")
    if kind == HTTP_RUNTIME and protocol is not None:
        raise invalid_field(
            f"targetConfiguration.{named}",
            f"A gateway with the protocolType {protocol} takes no HTTP target.",
        )
    _check_credentials(kind, request.get("credentialProviderConfigurations"))
    settings = request["targetConfiguration"][kind[0]][kind[1]]
    if kind == HTTP_RUNTIME and settings.get("schema") is not None:
        raise not_served(f"gateway targets with {named}.schema")
    if kind == MCP_LAMBDA:
        _check_tools(settings["toolSchema"], schema_bytes)


def _check_credentials(kind: tuple[str, str], given: list[dict[str, Any]] | None) -> None:
    path = "credentialProviderConfigurations"
    allowed = _CREDENTIALS[kind]
    named = ".".join(kind)
    if given is None:
        raise invalid_field(
            path, f"A target of the kind {named} needs one of {', '.join(allowed)}."
        )
    chosen = given[0]["credentialProviderType"]
    if chosen not in allowed:
        message = f"A target of the kind {named} takes {', '.join(allowed)}, not {chosen}."
        raise invalid_field(f"{path}.1.member.credentialProviderType", message)
    if chosen == "OAUTH":
        raise not_served("gateway targets with the credentialProviderType OAUTH")
    if given[0].get("credentialProvider") is not None:
        raise invalid_field(
            f"{path}.1.member.credentialProvider",
            f"A target of the kind {named} with {chosen} takes none.",
        )


def _check_tools(schema: dict[str, Any], limit: int) -> None:
    path = "targetConfiguration.mcp.lambda.toolSchema"
    if "s3" in schema:
        raise not_served("gateway targets with a toolSchema in S3")
    tools = schema["inlinePayload"]
    if len(json.dumps(tools).encode()) > limit:
        raise invalid_field(f"{path}.inlinePayload", f"The schema is larger than {limit} bytes.")
    names = [tool["name"] for tool in tools]
    if not names or len({*names}) < len(names):
        raise invalid_field(f"{path}.inlinePayload", "It needs one tool or more, each with a name.")


def no_name() -> ServiceError:
    """Return the error for a target without a name, which the model asks of no kind, but the kinds here need."""
    return invalid_field("name", "Member must not be null")
