"""The rules for gateways that no shape can say, and what of them is not served here.

Sources: AgentCore developer guide, "Gateway inbound auth"; botocore's documentation of the members.
"""

from __future__ import annotations

from typing import Any

from local.agentcore.control.configuration import check_authorizer
from local.agentcore.model.errors import invalid_field, not_served

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

MCP_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
"""The versions of the Model Context Protocol that a gateway speaks unless it is told which, newest first (developer
guide, "Use a gateway")."""

MCP_STATELESS = "2026-07-28"
"""The version without a hello, which a gateway speaks only if its `supportedVersions` say so (the same)."""

_UNSERVED_OF_GATEWAY = (
    "kmsKeyArn",
    "interceptorConfigurations",
    "policyEngineConfiguration",
    "customTransformConfiguration",
    "wafConfiguration",
    "domainOverride",
)


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
        if version not in (*MCP_VERSIONS, MCP_STATELESS):
            raise not_served(f"gateways with the MCP version {version}")
    for name in ("searchType", "sessionConfiguration", "streamingConfiguration"):
        if protocol is not None and protocol.get(name) is not None:
            raise not_served(f"gateways with protocolConfiguration.mcp.{name}")
