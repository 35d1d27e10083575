"""Look at an MCP gateway and its targets in the control plane, before anybody calls them."""

from __future__ import annotations

from typing import Any

from lifecycle.doors.section import GatewayRecord
from lifecycle.gateway_test import measured
from lifecycle.gateway_test.looks import found, look_at_gateway, status_of
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.gate import Check

_SHOWN = 300
_AGAIN = "provision again, which repairs it"


def look(
    control: Any, gateway: GatewayRecord, identity: IdentityRecord, checks: list[Check]
) -> None:
    """Check that the gateway has the environment's sign-in, and that every target is there.

    Args:
        control: A client of AgentCore's control plane.
        gateway: The gateway's section of the record.
        identity: What callers of `live` sign in with.
        checks: Takes the results.

    Raises:
        SmokeTestError: One of them is gone, not ready, or the gateway has another sign-in.
    """
    look_at_gateway(control, gateway, identity, checks)
    mcp = gateway.mcp
    names = sorted(mcp.tools) if mcp else []
    measured.check(
        checks,
        "The gateway's targets are ready",
        f"READY: {_line(', '.join(names))}",
        lambda: _targets(control, gateway, names),
    )


def _targets(control: Any, gateway: GatewayRecord, names: list[str]) -> tuple[str, str]:
    ids = gateway.mcp.targets if gateway.mcp else {}
    for name in names:
        target = _read(control, gateway, ids[name]) if name in ids else None
        if target is None:
            return f"none by GetGatewayTarget for {name}", f": the target {name} is gone; {_AGAIN}"
        seen, problem = status_of(target)
        if problem:
            return _line(f"{name} is {seen}"), f": the target {name} is {problem}"
        if target.get("name") != name:
            return _line(
                f"{name} is named {target.get('name')}"
            ), f": somebody renamed it; {_AGAIN}"
    return f"READY: {_line(', '.join(names))}", ""


def _read(control: Any, gateway: GatewayRecord, target_id: str) -> dict[str, Any] | None:
    return found(
        lambda: control.get_gateway_target(gatewayIdentifier=gateway.id, targetId=target_id)
    )


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
