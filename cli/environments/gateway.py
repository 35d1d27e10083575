"""The gateway of an environment, with what its last test said and what was repaired."""

from __future__ import annotations

from typing import Any

from lifecycle.doors.address import GATEWAY_TARGET
from lifecycle.doors.section import GatewayRecord
from lifecycle.record import Record


def gateway_of(record: Record) -> dict[str, Any] | None:
    """Return what the record says of the gateway; None if the environment has none.

    Args:
        record: The environment's record.

    Returns:
        `type` (`runtime` or `mcp`), `id` and `endpoint` (null until the gateway was ready once), `targets` (those that
        were created, by name: `name`, `id`, and of an MCP gateway the least number of `tools`; null if nobody knows),
        `passed` (what the last test said; null if no test has ended since the gateway was changed), `failedCheck` and
        `checks` and `execution` of a test that failed (else null), and `repaired`, the drift that the last deployment
        found.
    """
    gateway, failed = record.gateway, record.failed_gateway_test
    if gateway is None:
        return None
    kept = None if gateway.proven else failed
    checks = (kept.report.get("checks") or []) if kept else []
    return {
        "type": "runtime" if gateway.mcp is None else "mcp",
        "id": gateway.id,
        "endpoint": gateway.endpoint,
        "targets": _targets_of(gateway),
        "passed": True if gateway.proven else (False if kept else None),
        "failedCheck": next((one for one in checks if not one.get("passed", True)), None),
        "checks": checks or None,
        "execution": kept.execution if kept else None,
        "repaired": gateway.deployment.repaired if gateway.deployment else [],
    }


def _targets_of(gateway: GatewayRecord) -> list[dict[str, Any]]:
    if gateway.mcp is None:
        return [{"name": GATEWAY_TARGET, "id": gateway.target_id}] if gateway.target_id else []
    tools = gateway.mcp.tools
    return [
        {"name": name, "id": target_id, "tools": tools.get(name)}
        for name, target_id in sorted(gateway.mcp.targets.items())
    ]
