"""Calls to AgentCore's control plane about a runtime and its endpoints; for a missing one they return None."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from lifecycle import names

DEFAULT_ENDPOINT = "DEFAULT"
READY = "READY"
# Statuses that end by themselves, and statuses that do not (botocore's model: AgentRuntimeStatus).
BUSY = frozenset({"CREATING", "UPDATING", "DELETING"})
FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"})
_NOT_FOUND = "ResourceNotFoundException"
_CONFLICT = "ConflictException"


def get_runtime(control: Any, runtime_id: str) -> dict[str, Any] | None:
    """Read a runtime's newest version; None when there is none."""
    try:
        answer: dict[str, Any] = control.get_agent_runtime(agentRuntimeId=runtime_id)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return answer


def get_version(control: Any, runtime_id: str, version: str) -> dict[str, Any] | None:
    """Read one version of a runtime; None when there is none."""
    try:
        answer: dict[str, Any] = control.get_agent_runtime(
            agentRuntimeId=runtime_id, agentRuntimeVersion=version
        )
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return answer


def get_endpoint(control: Any, runtime_id: str, name: str) -> dict[str, Any] | None:
    """Read an endpoint of a runtime; None when there is none."""
    try:
        answer: dict[str, Any] = control.get_agent_runtime_endpoint(
            agentRuntimeId=runtime_id, endpointName=name
        )
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return answer


def list_endpoints(control: Any, runtime_id: str) -> list[dict[str, Any]]:
    """List every endpoint of a runtime; none when the runtime is gone."""
    pages = control.get_paginator("list_agent_runtime_endpoints").paginate(
        agentRuntimeId=runtime_id
    )
    try:
        return [endpoint for page in pages for endpoint in page["runtimeEndpoints"]]
    except ClientError as error:
        if is_not_found(error):
            return []
        raise


def find_by_name(control: Any, name: str) -> dict[str, Any] | None:
    """Look a runtime up by its name, page by page; names are unique in an account and Region."""
    for page in control.get_paginator("list_agent_runtimes").paginate():
        for summary in page["agentRuntimes"]:
            if summary["agentRuntimeName"] == name:
                found: dict[str, Any] = summary
                return found
    return None


def tags_of(control: Any, arn: str) -> dict[str, str]:
    """Read the tags of a runtime, endpoint, gateway or credential provider; none when it is gone."""
    return find_tags(control, arn) or {}


def find_tags(control: Any, arn: str) -> dict[str, str] | None:
    """Read the tags of the same; None when AgentCore does not find the resource."""
    try:
        answer = control.list_tags_for_resource(resourceArn=in_one_form(arn))
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return dict(answer.get("tags") or {})


def write_tags(
    control: Any, arn: str, wanted: dict[str, str], obsolete: Iterable[str] = ()
) -> list[str]:
    """Set the tags that a runtime or endpoint lacks or has with another value, and remove obsolete ones.

    Args:
        control: AgentCore's control plane.
        arn: The runtime or endpoint.
        wanted: The tags that it must have, among others.
        obsolete: Keys of tags to remove.

    Returns:
        The keys of the tags that were set, sorted.
    """
    seen = tags_of(control, arn)
    missing = {key: value for key, value in wanted.items() if seen.get(key) != value}
    if missing:
        control.tag_resource(resourceArn=in_one_form(arn), tags=missing)
    gone = [key for key in obsolete if key in seen]
    if gone:
        control.untag_resource(resourceArn=in_one_form(arn), tagKeys=gone)
    return sorted(missing)


def in_one_form(arn: str) -> str:
    """An ARN as calls about tags take it: botocore's model writes a credential provider's with another service."""
    return arn.replace(":acps:", ":bedrock-agentcore:", 1)


def serves(endpoint: dict[str, Any] | None, version: str) -> bool:
    """Tell whether an endpoint is ready on a version."""
    return (
        endpoint is not None
        and endpoint["status"] == READY
        and endpoint.get("liveVersion") == version
    )


def is_failed(observed: dict[str, Any]) -> bool:
    """Tell whether a runtime or endpoint is in a failed state."""
    return observed["status"] in FAILED


def is_ours(tags: dict[str, str], stack: str, environment: str) -> bool:
    """Tell whether the tags say that this stack created the resource for this environment."""
    return all(tags.get(key) == value for key, value in names.tags(stack, environment).items())


def invocation_url(data: Any, arn: str, endpoint: str) -> str:
    """The URL that a caller sends POST requests to.

    Source: developer guide, "Invoke an AgentCore Runtime agent": the ARN must be URL-encoded as one path segment.

    Args:
        data: A boto3 client of the data plane, which knows the Region's endpoint.
        arn: The runtime's ARN.
        endpoint: The endpoint's name, the URL's `qualifier`.
    """
    base = data.meta.endpoint_url.rstrip("/")
    return f"{base}/runtimes/{quote(arn, safe='')}/invocations?qualifier={quote(endpoint, safe='')}"


def is_not_found(error: ClientError) -> bool:
    """Tell whether an error says that the resource does not exist."""
    return bool(error.response["Error"]["Code"] == _NOT_FOUND)


def is_conflict(error: ClientError) -> bool:
    """Tell whether an error says that the resource is busy, in use, or exists already."""
    return bool(error.response["Error"]["Code"] == _CONFLICT)
