"""Calls to CloudWatch Logs about deliveries, their sources and destinations; for a missing one they return None."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import describe, refused_call
from lifecycle.errors import ObservabilityError, ServiceUnavailableError
from lifecycle.runtime.agentcore import is_conflict, is_not_found


def get_log_group(logs: Any, name: str) -> dict[str, Any] | None:
    """Find a log group by its exact name."""
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    groups = (group for page in pages for group in page["logGroups"])
    return next((group for group in groups if group["logGroupName"] == name), None)


def get_source(logs: Any, name: str) -> dict[str, Any] | None:
    """Read a delivery source."""
    answer = _or_none(lambda: logs.get_delivery_source(name=name))
    return answer["deliverySource"] if answer else None


def get_destination(logs: Any, name: str) -> dict[str, Any] | None:
    """Read a delivery destination."""
    answer = _or_none(lambda: logs.get_delivery_destination(name=name))
    return answer["deliveryDestination"] if answer else None


def list_deliveries(logs: Any, sources: list[str] | None = None) -> list[dict[str, Any]]:
    """List the deliveries of the account, or of some sources, given by their names."""
    chosen = {"deliverySourceNames": sources} if sources else {}
    pages = logs.get_paginator("describe_deliveries").paginate(**chosen)
    return [delivery for page in pages for delivery in page["deliveries"]]


def destinations_to(logs: Any, log_group_arn: str) -> list[str]:
    """The names of the delivery destinations that stand for a log group."""
    pages = logs.get_paginator("describe_delivery_destinations").paginate()
    return [
        destination["name"]
        for page in pages
        for destination in page["deliveryDestinations"]
        if resource_of(destination) == log_group_arn
    ]


def resource_of(destination: dict[str, Any]) -> str:
    """The ARN that a delivery destination stands for; empty for X-Ray. A log group's may end in `:*`, or not."""
    configuration = destination.get("deliveryDestinationConfiguration") or {}
    return str(configuration.get("destinationResourceArn", "")).removesuffix(":*")


def tags_of(logs: Any, arn: str) -> dict[str, str]:
    """Read the tags of a log group, delivery, source or destination; none when it is gone."""
    answer = _or_none(lambda: logs.list_tags_for_resource(resourceArn=arn))
    return dict((answer or {}).get("tags") or {})


def delete(call: Callable[..., Any], **which: str) -> None:
    """Delete something; a missing one is no error.

    Raises:
        ServiceUnavailableError: CloudWatch Logs is busy with it.
    """
    with busy_heals():
        _or_none(lambda: call(**which))


@contextmanager
def busy_heals() -> Iterator[None]:
    """Turn a conflict into an error that the lifecycle retries.

    CloudWatch Logs answers a call for what another call still changes with a conflict, too: "Requested resource is
    currently being updated" (hashicorp/terraform-provider-aws#42194).

    Raises:
        ServiceUnavailableError: There was a conflict.
    """
    try:
        yield
    except ClientError as error:
        if not is_conflict(error):
            raise
        raise ServiceUnavailableError(
            f"CloudWatch Logs is busy ({describe(error)}); the lifecycle retries this step"
        ) from error


def refuse_other_source(
    logs: Any, error: ClientError, name: str, runtime_arn: str, log_type: str
) -> None:
    """Say who has the source that a runtime has for a log type, after CloudWatch Logs refused another one.

    Raises:
        ObservabilityError: Somebody else made it.
    """
    pages = logs.get_paginator("describe_delivery_sources").paginate()
    for page in pages:
        for source in page["deliverySources"]:
            of_runtime = runtime_arn in source.get("resourceArns", [])
            if of_runtime and source["logType"] == log_type and source["name"] != name:
                raise ObservabilityError(
                    f"the delivery source {source['name']} delivers {log_type} of {runtime_arn} already, and the "
                    f"lifecycle did not make it ({refused_call(error)}); delete its deliveries and the source, or "
                    "provision with observability false"
                ) from error


def _or_none(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return call()
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
