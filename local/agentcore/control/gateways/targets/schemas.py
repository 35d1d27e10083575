"""The documents that describe what a target offers: in the request itself, or in S3.

Source: AgentCore developer guide, "OpenAPI schema targets"; aws-cdk-lib's `ApiSchema`, which gives the gateway's role
the right to read the object.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.control.gateways.openapi.document import DocumentError, read_document
from local.agentcore.control.gateways.openapi.operations import operations_of
from local.agentcore.control.gateways.records import MCP_OPENAPI, MCP_SERVER, Catalog, Gateway
from local.agentcore.control.gateways.roles import GatewayRoles
from local.agentcore.control.rights import Lacks
from local.agentcore.settings import Quotas
from local.edge.iam.permission import Permission
from local.readings import Readings


class Schemas:
    """Reads them.

    Args:
        clients: The local AWS.
        roles: The gateways' roles.
        lacks: Says what a role may not do.
        quotas: Limits of size.
        readings: What to play where the service's behaviour is not known.
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        roles: GatewayRoles,
        lacks: Lacks,
        quotas: Quotas,
        readings: Readings,
    ) -> None:
        self._clients = clients
        self._roles = roles
        self._lacks = lacks
        self._quotas = quotas
        self._readings = readings

    def catalog(self, gateway: Gateway, kind: tuple[str, str], settings: dict[str, Any]) -> Catalog:
        """Return what a target offers, as far as its configuration says so.

        Args:
            gateway: Its gateway.
            kind: Its kind.
            settings: What its configuration says for the kind.

        Raises:
            DocumentError: The document cannot be read or used; the message says why.
        """
        if kind == MCP_OPENAPI:
            document = read_document(self._text(gateway, settings))
            nested = self._readings["openapi-body"] == "nested"
            return Catalog(operations=tuple(operations_of(document, nested_body=nested)))
        if kind == MCP_SERVER and settings.get("mcpToolSchema") is not None:
            return Catalog(tools=_tools(self._text(gateway, settings["mcpToolSchema"])))
        return Catalog()

    def _text(self, gateway: Gateway, source: dict[str, Any]) -> str:
        if "inlinePayload" in source:
            text = str(source["inlinePayload"])
            if len(text.encode()) > self._quotas.inline_schema_bytes:
                limit = self._quotas.inline_schema_bytes
                raise DocumentError(f"The schema is larger than {limit} bytes.")
            return text
        bucket, _, key = str(source["s3"].get("uri", "")).removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise DocumentError("The S3 URI names no object.")
        role = gateway.members["roleArn"]
        if not self._roles.assumable(gateway):
            raise DocumentError(f"The gateway may not assume the role '{role}'.")
        needed = Permission("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        reason = self._lacks(role, [needed])
        if reason is not None:
            raise DocumentError(reason)
        owner = source["s3"].get("bucketOwnerAccountId")
        expected = {"ExpectedBucketOwner": owner} if owner else {}
        try:
            found = self._clients("s3").get_object(Bucket=bucket, Key=key, **expected)
            return str(found["Body"].read().decode())
        except (ClientError, BotoCoreError, UnicodeDecodeError) as error:
            raise DocumentError(
                f"s3://{bucket}/{key} cannot be read: {type(error).__name__}"
            ) from None


def _tools(text: str) -> tuple[dict[str, Any], ...]:
    """Return the tools of a static list: the result of `tools/list` that the server itself would give."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DocumentError("The tool schema is no JSON.") from None
    listed = found.get("tools") if isinstance(found, dict) else None
    if not isinstance(listed, list) or not listed:
        raise DocumentError("The tool schema has no list 'tools'.")
    return checked_tools(listed)


def checked_tools(listed: list[Any]) -> tuple[dict[str, Any], ...]:
    """Return a list of tools that has the form that MCP asks for.

    Raises:
        DocumentError: A tool has no name or no input schema, or two have one name.
    """
    for tool in listed:
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise DocumentError("A tool has no name.")
        if not isinstance(tool.get("inputSchema"), dict):
            raise DocumentError(f"The tool '{tool['name']}' has no inputSchema.")
    if len({tool["name"] for tool in listed}) < len(listed):
        raise DocumentError("Two tools have the same name.")
    return tuple(listed)
