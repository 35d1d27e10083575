"""A target of an MCP gateway as AgentCore gets it, and what the gateway's role needs for it.

Sources: AgentCore developer guide, "Specify the authorization type and credentials to access the gateway target" and
"Set up outbound authorization for your gateway".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from lifecycle.errors import AwsCallError
from lifecycle.gateway.mcp.outbound import Outbound
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.request.gateway.targets import McpTarget
from lifecycle.request.reach.documents import openapi_of, operations_of, tools_of

_ROLE = "GATEWAY_IAM_ROLE"
_RUNTIME_SERVICE = "bedrock-agentcore"
# botocore's endpoints: the partitions whose hosts do not end in amazonaws.com.
_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True)
class Place:
    """What the targets of an environment may need to know.

    Attributes:
        runtime_arn: The environment's runtime.
        region: The Region.
        signs_in_with_iam: Whether callers of the runtime sign with SigV4.
        outbound: The environment's credentials, by name.
        s3: Returns a boto3 S3 client.
    """

    runtime_arn: str
    region: str
    signs_in_with_iam: bool
    outbound: Mapping[str, Outbound]
    s3: Callable[[], Any] = field(repr=False)


@dataclass(frozen=True)
class Resolved:
    """A target.

    Attributes:
        wanted: What `CreateGatewayTarget` and `UpdateGatewayTarget` get.
        tools: How many tools it has at least.
        functions: ARNs of the functions that the gateway's role must be allowed to invoke.
        runtimes: ARNs of the runtimes that it must be allowed to invoke.
        outbound: The credential that it must be allowed to use.
    """

    wanted: dict[str, Any]
    tools: int = 1
    functions: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    outbound: Outbound | None = None


def resolve(target: McpTarget, place: Place) -> Resolved:
    """Make a target as AgentCore gets it.

    Args:
        target: As the input has it; what it names was checked.
        place: The environment.

    Raises:
        DocumentRefusedError: A document in S3 has become one that cannot be used.
        UnreadableError: A document in S3 can no longer be read.
        AwsCallError: The environment has no such credential.
    """
    outbound = _outbound_of(target, place)
    credentials = [outbound.configuration(target)] if outbound else []
    if target.function is not None:
        tools, _ = tools_of(target.function.tool_schema, place.s3)
        arn = target.function.lambda_arn
        made: dict[str, Any] = {"lambdaArn": arn, "toolSchema": {"inlinePayload": tools}}
        credentials = [{"credentialProviderType": _ROLE}]
        wanted = _wanted(target.name, {"lambda": made}, credentials)
        return Resolved(wanted, tools=len(tools), functions=(arn,))
    if target.open_api is not None:
        document, _ = openapi_of(target.open_api, place.s3)
        wanted = _wanted(target.name, {"openApiSchema": {"inlinePayload": document}}, credentials)
        return Resolved(wanted, tools=len(operations_of(document)), outbound=outbound)
    if target.mcp_server is not None:
        server = {"endpoint": target.mcp_server.endpoint}
        wanted = _wanted(target.name, {"mcpServer": server}, credentials)
        return Resolved(wanted, outbound=outbound)
    url = _address_of(place)
    if place.signs_in_with_iam:
        provider = {"iamCredentialProvider": {"service": _RUNTIME_SERVICE}}
        credentials = [{"credentialProviderType": _ROLE, "credentialProvider": provider}]
    # Its tools are those of whatever version is live: AgentCore keeps those of other servers until it synchronizes them
    # (developer guide, "MCP servers targets").
    server = {"endpoint": url, "listingMode": "DYNAMIC"}
    wanted = _wanted(target.name, {"mcpServer": server}, credentials)
    runtimes = (place.runtime_arn,) if place.signs_in_with_iam else ()
    return Resolved(wanted, runtimes=runtimes, outbound=outbound)


def _wanted(name: str, kind: dict[str, Any], credentials: list[dict[str, Any]]) -> dict[str, Any]:
    given = {"credentialProviderConfigurations": credentials} if credentials else {}
    return {"name": name, "targetConfiguration": {"mcp": kind}, **given}


def _address_of(place: Place) -> str:
    """The runtime's own address in AWS: AgentCore calls it, wherever this function finds AgentCore."""
    arn = place.runtime_arn
    suffix = _DNS_SUFFIXES.get(arn.split(":")[1], "amazonaws.com")
    host = f"bedrock-agentcore.{place.region}.{suffix}"
    return f"https://{host}/runtimes/{quote(arn, safe='')}/invocations?qualifier={LIVE_ENDPOINT}"


def _outbound_of(target: McpTarget, place: Place) -> Outbound | None:
    if target.credential is None:
        return None
    found = place.outbound.get(target.credential)
    if found is None:
        raise AwsCallError(
            f"the environment has no credential '{target.credential}', which the gateway's target '{target.name}' "
            "needs; provision it again"
        )
    return found
