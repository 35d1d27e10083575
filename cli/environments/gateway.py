"""The gateway of an environment, with what its last test said and what was repaired."""

from __future__ import annotations

from typing import Any

from lifecycle.doors.address import GATEWAY_TARGET, invocation_address
from lifecycle.record import Record


def gateway_of(record: Record) -> dict[str, Any] | None:
    """Return what the record says of the gateway; None if the environment has none.

    Args:
        record: The environment's record.

    Returns:
        `id` and `endpoint` (null until the gateway was ready once), `target` (its name; null until it was created),
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
        "id": gateway.id,
        "endpoint": invocation_address(gateway.url) if gateway.url else None,
        "target": GATEWAY_TARGET if gateway.target_id else None,
        "passed": True if gateway.proven else (False if kept else None),
        "failedCheck": next((one for one in checks if not one.get("passed", True)), None),
        "checks": checks or None,
        "execution": kept.execution if kept else None,
        "repaired": gateway.deployment.repaired if gateway.deployment else [],
    }
