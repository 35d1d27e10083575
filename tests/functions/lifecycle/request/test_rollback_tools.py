"""A rollback keeps the MCP gateway, so a version that it does not fit is refused before `live` moves."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.clients import Clients
from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayRecord
from lifecycle.request.gateway.section import Gateway
from lifecycle.table import Records
from tests.functions.lifecycle.request.test_rollback import ARN, TABLE, prepare, promoted, refusal


def with_tools(clients: Clients, target: dict[str, Any], tool: str) -> None:
    """Give the environment an MCP gateway, as its last provision made it."""
    target = {"name": "tools", **target}
    asked = {"type": "mcp", "targets": [target], "test": {"tool": f"tools___{tool}"}}
    records = Records(clients.dynamodb, TABLE)
    records.acquire("dev", f"{ARN}tools", lambda _: False, {})
    mcp = McpRecord(asked=Gateway.model_validate(asked).to_json(), role="r")
    records.release("dev", f"{ARN}tools", gateway=GatewayRecord(name="stack-dev", mcp=mcp))


SERVER: dict[str, Any] = {"mcpServer": {"endpoint": "https://api.example.com/mcp"}}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            {**SERVER, "credential": "orders"},
            "gateway.targets.0.credential: given 'orders', allowed: a name of credentials (none",
        ),
        ({"runtime": True}, "gateway.targets.0.runtime: given true, allowed: only with runtime."),
    ],
)
def test_a_version_that_the_mcp_gateway_does_not_fit_is_refused(
    table_clients: Clients, target: dict[str, Any], said: str
) -> None:
    promoted(table_clients, "1", "2")
    with_tools(table_clients, target, "get")
    text = refusal(table_clients)
    assert text.startswith("version: given '1', allowed: a version that fits the MCP gateway")
    assert said in text


def test_an_mcp_gateway_that_the_stack_does_not_allow_any_more_is_refused(
    table_clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(table_clients, "1", "2")
    with_tools(table_clients, SERVER, "get")
    assert prepare(table_clients).version == "1"
    Records(table_clients.dynamodb, TABLE).release("dev", f"{ARN}back")
    monkeypatch.setenv("GATEWAY_HOSTS", "")
    assert "add it to the stack's parameter GatewayHosts" in refusal(table_clients)
