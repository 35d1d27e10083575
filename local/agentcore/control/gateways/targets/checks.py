"""The rules for targets that no shape can say, and what of them is not served here.

Sources: AgentCore developer guide, "AgentCore Runtime targets" and "MCP servers targets"; botocore's documentation of
the members.
"""

from __future__ import annotations

import json
from typing import Any

from local.agentcore.control.gateways.records import (
    HTTP_RUNTIME,
    MCP_LAMBDA,
    MCP_OPENAPI,
    MCP_SERVER,
    kind_of,
)
from local.agentcore.control.gateways.targets.credentials import check_credentials
from local.agentcore.model.errors import ServiceError, invalid_field, not_served

TARGET_MEMBERS = ("description", "targetConfiguration", "credentialProviderConfigurations")
"""What create and update of a target take over."""

_UNSERVED_OF_TARGET = ("metadataConfiguration", "privateEndpoint", "certificateConfigurations")
_KINDS = (HTTP_RUNTIME, MCP_LAMBDA, MCP_OPENAPI, MCP_SERVER)


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
    if kind not in _KINDS:
        raise not_served(f"gateway targets of the kind {named}")
    if kind != HTTP_RUNTIME and protocol is None:
        raise not_served(f"gateway targets of the kind {named} on a gateway without protocolType")
    if kind == HTTP_RUNTIME and protocol is not None:
        raise invalid_field(
            f"targetConfiguration.{named}",
            f"A gateway with the protocolType {protocol} takes no HTTP target.",
        )
    check_credentials(kind, request.get("credentialProviderConfigurations"))
    settings = request["targetConfiguration"][kind[0]][kind[1]]
    if kind == HTTP_RUNTIME and settings.get("schema") is not None:
        raise not_served(f"gateway targets with {named}.schema")
    if kind == MCP_SERVER and settings.get("resourcePriority") is not None:
        raise not_served(f"gateway targets with {named}.resourcePriority")
    dynamic = kind == MCP_SERVER and settings.get("listingMode") == "DYNAMIC"
    if dynamic and settings.get("mcpToolSchema") is not None:
        message = "A target with the listingMode DYNAMIC takes none."
        raise invalid_field(f"targetConfiguration.{named}.mcpToolSchema", message)
    if kind == MCP_LAMBDA:
        _check_tools(settings["toolSchema"], schema_bytes)


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
