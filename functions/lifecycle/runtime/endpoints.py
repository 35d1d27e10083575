"""The endpoint `live`: made, and moved from version to version."""

from __future__ import annotations

from typing import Any

from lifecycle.names import LIVE_ENDPOINT


def create_live(
    control: Any, runtime_id: str, version: str, token: str, tags: dict[str, str]
) -> None:
    """Make the endpoint `live` on a version of a runtime."""
    control.create_agent_runtime_endpoint(
        agentRuntimeId=runtime_id,
        name=LIVE_ENDPOINT,
        agentRuntimeVersion=version,
        clientToken=token,
        tags=tags,
    )


def move_live(control: Any, runtime_id: str, version: str, token: str) -> None:
    """Move the endpoint `live` to a version of its runtime."""
    control.update_agent_runtime_endpoint(
        agentRuntimeId=runtime_id,
        endpointName=LIVE_ENDPOINT,
        agentRuntimeVersion=version,
        clientToken=token,
    )
