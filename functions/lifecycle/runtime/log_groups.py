"""The log groups of a runtime, one per endpoint. AgentCore creates one at the first log line and never deletes it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.names import CANDIDATE_ENDPOINT, LIVE_ENDPOINT
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT, is_not_found


def of_runtime(logs: Any, runtime_id: str) -> dict[str, int | None]:
    """Find the log groups of a runtime: their names, with their retention in days (None: logs never expire)."""
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=names.log_group_prefix(runtime_id)
    )
    return {
        group["logGroupName"]: group.get("retentionInDays")
        for page in pages
        for group in page["logGroups"]
    }


def set_retention(logs: Any, runtime_id: str, days: int) -> None:
    """Set the retention of the endpoints' log groups in days; a missing group of DEFAULT or `live` is created."""
    found = of_runtime(logs, runtime_id)
    for endpoint in (DEFAULT_ENDPOINT, LIVE_ENDPOINT, CANDIDATE_ENDPOINT):
        name = f"{names.log_group_prefix(runtime_id)}{endpoint}"
        if name not in found and endpoint == CANDIDATE_ENDPOINT:
            continue
        if name not in found:
            _make(logs, name)
        if found.get(name) != days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)


def delete(logs: Any, name: str) -> None:
    """Delete a log group; a missing one is not an error."""
    try:
        logs.delete_log_group(logGroupName=name)
    except ClientError as error:
        if not is_not_found(error):
            raise


def _make(logs: Any, name: str) -> None:
    try:
        logs.create_log_group(logGroupName=name)
    except ClientError as error:
        # AgentCore created it in the meantime.
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
