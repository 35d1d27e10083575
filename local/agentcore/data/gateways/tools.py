"""The tools of a gateway: what its targets offer, each with the name of the target before its own.

Source: AgentCore developer guide, "Understand how AgentCore Gateway tools are named".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.control.gateways.records import (
    MCP_LAMBDA,
    MCP_OPENAPI,
    USABLE,
    Gateway,
    Target,
)
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.synchronizing import ServerError
from local.agentcore.data.gateways.apis import Apis
from local.agentcore.data.gateways.functions import Functions
from local.agentcore.data.gateways.outgoing import SendError
from local.agentcore.data.gateways.servers import Servers
from local.agentcore.model.errors import ServiceError

_BETWEEN = "___"
_GENERIC = "An internal error occurred. Please retry later."


class Tools:
    """Lists and calls them.

    Args:
        store: The account's gateways.
        functions: Calls Lambda functions.
        apis: Calls HTTP APIs.
        servers: Asks MCP servers.
    """

    def __init__(
        self, store: GatewayStore, functions: Functions, apis: Apis, servers: Servers
    ) -> None:
        self._store = store
        self._functions = functions
        self._apis = apis
        self._servers = servers

    def listed(self, gateway: Gateway) -> list[dict[str, Any]]:
        """Return every tool.

        Raises:
            ServerError: The server of a target with the listing mode DYNAMIC cannot be asked.
        """
        return [
            {**tool, "name": f"{target.name}{_BETWEEN}{tool['name']}"}
            for target in self._targets(gateway)
            for tool in self._of(gateway, target)
        ]

    def call(self, gateway: Gateway, name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """Call a tool.

        Returns:
            The result of `tools/call`; `None` if there is no such tool.
        """
        # No name of a target has an underscore.
        prefix, between, tool = name.partition(_BETWEEN)
        target = next((one for one in self._targets(gateway) if one.name == prefix), None)
        if target is None or not between:
            return None
        try:
            return self._called(gateway, target, tool, arguments)
        except (ServiceError, ClientError, BotoCoreError, SendError, ServerError) as error:
            return _said(told(gateway, error), failed=True)

    def _called(
        self, gateway: Gateway, target: Target, tool: str, arguments: dict[str, Any]
    ) -> dict[str, Any] | None:
        if target.kind == MCP_OPENAPI:
            for operation in target.catalog.operations:
                if operation.name == tool:
                    text, failed = self._apis.call(gateway, target, operation, arguments)
                    return _said(text, failed=failed)
            return None
        if not target.dynamic and all(one["name"] != tool for one in self._of(gateway, target)):
            return None
        if target.kind == MCP_LAMBDA:
            name = f"{target.name}{_BETWEEN}{tool}"
            text, failed = self._functions.call(gateway, target, name, arguments)
            return _said(text, failed=failed)
        return self._servers.call(gateway, target, tool, arguments)

    def _targets(self, gateway: Gateway) -> list[Target]:
        with self._store.using():
            return [each for each in gateway.targets.values() if each.status in USABLE]

    def _of(self, gateway: Gateway, target: Target) -> Iterable[dict[str, Any]]:
        if target.kind == MCP_LAMBDA:
            found: list[dict[str, Any]] = target.settings["toolSchema"]["inlinePayload"]
            return found
        if target.kind == MCP_OPENAPI:
            return [each.tool for each in target.catalog.operations]
        if target.dynamic:
            return self._servers.tools(gateway, target)
        return target.catalog.tools


def told(gateway: Gateway, error: Exception) -> str:
    """What a gateway tells its caller of an error: the reason only if its `exceptionLevel` is `DEBUG`."""
    return str(error) if gateway.members.get("exceptionLevel") == "DEBUG" else _GENERIC


def _said(text: str, *, failed: bool) -> dict[str, Any]:
    return {"isError": failed, "content": [{"type": "text", "text": text}]}
