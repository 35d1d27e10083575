"""Where logs and traces go: the log group, and the delivery destinations that stand for it and for X-Ray."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle.observability import vended
from lifecycle.observability.target import Target
from lifecycle.observability.wanted import Kind


def make_places(target: Target) -> None:
    """Make what is missing, and change what differs.

    Raises:
        ObservabilityError: A resource of somebody else is in the way.
        ServiceUnavailableError: CloudWatch Logs is busy with one of them.
    """
    # The log group comes first and goes last: whoever finds it by its tags finds the rest by its environment.
    _log_group(target)
    _destination(target, "CWL")
    _destination(target, "XRAY")


def _log_group(target: Target) -> None:
    name, logs = target.wanted.log_group, target.logs
    found = vended.get_log_group(logs, name)
    if found is None:
        target.ledger.change(f"the log group {name} was deleted")
        _make_log_group(target)
    else:
        target.refuse_foreign(f"log group {name}", target.wanted.log_group_arn)
    if (found or {}).get("retentionInDays") != target.retention_days:
        target.ledger.change()
        logs.put_retention_policy(logGroupName=name, retentionInDays=target.retention_days)


def _make_log_group(target: Target) -> None:
    name = target.wanted.log_group
    try:
        target.logs.create_log_group(logGroupName=name, tags=target.tags)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
        # The SDK repeats a call whose answer was lost; a group that somebody else just made has not our tags.
        target.refuse_foreign(f"log group {name}", target.wanted.log_group_arn)


def _destination(target: Target, kind: Kind) -> None:
    wanted, logs = target.wanted, target.logs
    name, arn = wanted.destinations[kind], wanted.destination_arn(kind)
    resource = wanted.log_group_arn if kind == "CWL" else ""
    found = vended.get_destination(logs, name)
    if found is None:
        target.ledger.change(f"the delivery destination {name} was deleted")
        _put(logs, name, kind, resource, tags=target.tags)
        return
    target.refuse_foreign(f"delivery destination {name}", arn)
    there = vended.resource_of(found)
    # What CloudWatch Logs gives back as the resource of X-Ray is not documented, and there is only one X-Ray.
    if found["deliveryDestinationType"] == kind and there == (resource or there):
        return
    there = there or found["deliveryDestinationType"]
    target.ledger.change(f"the delivery destination {name} was changed to {there}")
    if found["deliveryDestinationType"] == kind:
        # Tags are only taken when it is created.
        _put(logs, name, kind, resource)
        return
    for delivery in vended.list_deliveries(logs):
        if delivery["deliveryDestinationArn"] == arn:
            vended.delete(logs.delete_delivery, id=delivery["id"])
    vended.delete(logs.delete_delivery_destination, name=name)
    _put(logs, name, kind, resource, tags=target.tags)


def _put(logs: Any, name: str, kind: Kind, resource: str, **tags: Any) -> None:
    configuration = {"destinationResourceArn": resource}
    place = {"deliveryDestinationConfiguration": configuration} if resource else {}
    with vended.busy_heals():
        logs.put_delivery_destination(name=name, deliveryDestinationType=kind, **place, **tags)
