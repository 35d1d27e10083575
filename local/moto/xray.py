"""X-Ray: where spans go. With CloudWatch Logs as the destination, CloudWatch Transaction Search is on."""

from __future__ import annotations

import json
from typing import Any

from moto.logs.models import logs_backends
from moto.xray import urls
from moto.xray.models import XRayBackend, xray_backends
from moto.xray.responses import XRayResponse

SPANS = "aws/spans"
"""The log group that X-Ray writes spans to (CloudWatch user guide, "Enable transaction search")."""


def choose_span_destination() -> None:
    """Serve GetTraceSegmentDestination and UpdateTraceSegmentDestination, which moto lacks.

    Upstream: upstream/trace-destination.md.
    """
    for operation in ("GetTraceSegmentDestination", "UpdateTraceSegmentDestination"):
        urls.url_paths[f"{{0}}/{operation}$"] = XRayResponse.dispatch
    XRayResponse.get_trace_segment_destination = _get  # type: ignore[attr-defined]
    XRayResponse.update_trace_segment_destination = _update  # type: ignore[attr-defined]


def sends_spans_to_logs(account_id: str, region: str) -> bool:
    """Whether Transaction Search is on."""
    return _destination(xray_backends[account_id][region]) == "CloudWatchLogs"


def _destination(backend: XRayBackend) -> str:
    return str(getattr(backend, "span_destination", "XRay"))


def _get(self: XRayResponse) -> str:
    return json.dumps({"Destination": _destination(self.xray_backend), "Status": "ACTIVE"})


def _update(self: XRayResponse) -> Any:
    wanted = self._get_param("Destination")
    if wanted not in ("XRay", "CloudWatchLogs"):
        return self._error("InvalidRequestException", "Destination must be XRay or CloudWatchLogs.")
    backend = self.xray_backend
    logs = logs_backends[backend.account_id][backend.region_name]
    if wanted == "CloudWatchLogs":
        if not any(_lets_xray_write(policy.policy_document) for policy in _policies(logs)):
            return self._error(
                "InvalidRequestException",
                f"XRay does not have permission to call PutLogEvents on the {SPANS} Log Group",
            )
        if SPANS not in logs.groups:
            logs.create_log_group(SPANS, {})
    backend.span_destination = wanted  # type: ignore[attr-defined]
    return json.dumps({"Destination": wanted, "Status": "PENDING"})


def _policies(logs: Any) -> list[Any]:
    return [*logs.resource_policies.values()]


def _lets_xray_write(document: str) -> bool:
    statements = json.loads(document).get("Statement", [])
    return any(
        statement.get("Effect") == "Allow"
        and "xray.amazonaws.com" in json.dumps(statement.get("Principal"))
        and "logs:PutLogEvents" in json.dumps(statement.get("Action"))
        and SPANS in json.dumps(statement.get("Resource"))
        for statement in statements
    )
