"""In which members two versions of a runtime differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.plan.differences import bounded, differences
from lifecycle.plan.output import Difference
from lifecycle.plan.reading import Unmade
from lifecycle.runtime import agentcore, comparison

# What `UpdateAgentRuntime` takes that is no part of a configuration.
_NO_PART = ("agentRuntimeId", "clientToken")


def version_differences(
    control: Any,
    runtime_id: str,
    live: Mapping[str, Any] | None,
    goes: Mapping[str, Any] | None,
) -> tuple[list[Difference], list[str]]:
    """Compare the version that `live` serves with another one, member by member.

    Args:
        control: AgentCore's control plane.
        runtime_id: The runtime.
        live: The endpoint `live`, if it is there.
        goes: The other version: the answer of `GetAgentRuntime`, or the parameters of `UpdateAgentRuntime` that would
            make it. None when there is nothing to compare.

    Returns:
        The differences, and what cannot be known.
    """
    version = live.get("liveVersion") if live else None
    came = None
    if version is not None and not isinstance(version, Unmade):
        came = agentcore.get_version(control, runtime_id, version)
    if came is None or goes is None:
        return [], ["what differs from the version that `live` serves: AgentCore no longer has one"]
    model = control.meta.service_model.operation_model("UpdateAgentRuntime")
    parts = [
        part
        for part in model.input_shape.members
        if part not in _NO_PART and not _is_equal(part, came.get(part), goes.get(part))
    ]
    return bounded(differences(parts, dict(came), dict(goes))), []


def _is_equal(part: str, came: Any, goes: Any) -> bool:
    return bool(comparison.compared(part, came) == comparison.compared(part, goes))
