"""Answers of the control plane, made from its records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.agentcore.control.records import Endpoint, Runtime, Version

NO_DESCRIPTION = "-"
"""Stands in lists for a description that was never given: the list's shape requires one of 1 or more
characters, though a runtime does not need any."""


def moment(seconds: float) -> datetime:
    """Turn seconds since the epoch into a timestamp of the model."""
    return datetime.fromtimestamp(seconds, UTC)


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out the members that are not there."""
    return {name: value for name, value in members.items() if value is not None}


def _identity(runtime: Runtime) -> dict[str, Any]:
    return {"workloadIdentityArn": runtime.workload_identity_arn}


def created(runtime: Runtime, version: Version) -> dict[str, Any]:
    """Return CreateAgentRuntime's answer."""
    return {
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeId": runtime.id,
        "agentRuntimeVersion": version.number,
        "createdAt": moment(runtime.created_at),
        "status": version.status,
        "workloadIdentityDetails": _identity(runtime),
    }


def updated(runtime: Runtime, version: Version) -> dict[str, Any]:
    """Return UpdateAgentRuntime's answer."""
    return {**created(runtime, version), "lastUpdatedAt": moment(version.updated_at)}


def runtime_detail(runtime: Runtime, version: Version | None) -> dict[str, Any]:
    """Return GetAgentRuntime's answer: of one version, or of the runtime as it is now."""
    shown = version or runtime.latest
    state: Runtime | Version = shown if version and runtime.deletion is None else runtime
    return without_none(
        {
            **shown.configuration,
            "agentRuntimeArn": runtime.arn,
            "agentRuntimeName": runtime.name,
            "agentRuntimeId": runtime.id,
            "agentRuntimeVersion": shown.number,
            "createdAt": moment(runtime.created_at),
            "lastUpdatedAt": moment(state.updated_at),
            "status": state.status,
            "failureReason": state.failure_reason,
            "workloadIdentityDetails": _identity(runtime),
        }
    )


# GetAgentRuntime's shape requires these, sent or not.
_ALWAYS = frozenset({"networkConfiguration", "lifecycleConfiguration"})


def in_form(form: str, detail: dict[str, Any], version: Version) -> dict[str, Any]:
    """Return GetAgentRuntime's answer in the form of the reading `get-form`.

    Args:
        form: `filled`, `echoed` or `normalised`.
        detail: The answer with every default.
        version: The version that is shown.
    """
    settings = version.configuration.keys() - _ALWAYS
    if form == "echoed":
        left_out = settings - version.sent
    elif form == "normalised":
        left_out = {name for name in settings if detail[name] in ({}, [], "")}
    else:
        return detail
    return {name: value for name, value in detail.items() if name not in left_out}


def runtime_summary(runtime: Runtime, version: Version | None = None) -> dict[str, Any]:
    """Return one entry of ListAgentRuntimes or ListAgentRuntimeVersions."""
    detail = runtime_detail(runtime, version)
    names = ("Arn", "Id", "Version", "Name")
    return {
        **{f"agentRuntime{name}": detail[f"agentRuntime{name}"] for name in names},
        "description": detail.get("description", NO_DESCRIPTION),
        "lastUpdatedAt": detail["lastUpdatedAt"],
        "status": detail["status"],
    }


def endpoint_created(runtime: Runtime, endpoint: Endpoint) -> dict[str, Any]:
    """Return CreateAgentRuntimeEndpoint's answer."""
    return {
        "targetVersion": endpoint.target or endpoint.live,
        "agentRuntimeEndpointArn": endpoint.arn,
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeId": runtime.id,
        "endpointName": endpoint.name,
        "status": endpoint.status,
        "createdAt": moment(endpoint.created_at),
    }


def endpoint_updated(runtime: Runtime, endpoint: Endpoint) -> dict[str, Any]:
    """Return UpdateAgentRuntimeEndpoint's answer."""
    detail = endpoint_detail(runtime, endpoint)
    for name in ("name", "id", "description", "failureReason"):
        detail.pop(name, None)
    return detail


def endpoint_detail(runtime: Runtime, endpoint: Endpoint) -> dict[str, Any]:
    """Return GetAgentRuntimeEndpoint's answer."""
    return {**endpoint_summary(runtime, endpoint)} | without_none(
        {"failureReason": endpoint.failure_reason}
    )


def endpoint_summary(runtime: Runtime, endpoint: Endpoint) -> dict[str, Any]:
    """Return one entry of ListAgentRuntimeEndpoints."""
    return without_none(
        {
            "name": endpoint.name,
            "id": endpoint.id,
            "liveVersion": endpoint.live,
            "targetVersion": endpoint.target,
            "agentRuntimeEndpointArn": endpoint.arn,
            "agentRuntimeArn": runtime.arn,
            "description": endpoint.description,
            "status": endpoint.status,
            "createdAt": moment(endpoint.created_at),
            "lastUpdatedAt": moment(endpoint.updated_at),
        }
    )
