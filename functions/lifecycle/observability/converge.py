"""Make everything that delivers a runtime's logs and traces, or repair what differs, in the order that AWS needs."""

from __future__ import annotations

from botocore.exceptions import ClientError

from lifecycle.observability import vended
from lifecycle.observability.places import make_places
from lifecycle.observability.target import Target
from lifecycle.observability.wanted import LOG_TYPES, LogType
from lifecycle.runtime.agentcore import is_conflict


def converge(target: Target) -> None:
    """Make what is missing, change what differs, and record the deliveries; each thing is looked at first.

    Raises:
        ObservabilityError: A resource of somebody else is in the way.
        ServiceUnavailableError: CloudWatch Logs is busy with one of them.
    """
    make_places(target)
    for log_type in LOG_TYPES:
        _source(target, log_type)
    deliveries = {log_type: _delivery(target, log_type) for log_type in LOG_TYPES}
    _write_tags(target, deliveries)
    target.ledger.finish(
        runtime_arn=target.runtime_arn, deliveries=deliveries, tags=dict(target.tags)
    )


def _source(target: Target, log_type: LogType) -> None:
    name, logs, runtime_arn = target.wanted.sources[log_type], target.logs, target.runtime_arn
    found = vended.get_source(logs, name)
    if found is None:
        target.ledger.change(f"the delivery source {name} was deleted", runtime_arn)
        _put_source(target, name, log_type)
        return
    target.refuse_foreign(f"delivery source {name}", target.wanted.source_arn(log_type))
    if found["resourceArns"] == [runtime_arn] and found["logType"] == log_type:
        return
    # A source keeps its resource for good, and the runtime is another one.
    there = f"{found['logType']} of {', '.join(found['resourceArns'])}"
    target.ledger.change(f"the delivery source {name} was changed to {there}", runtime_arn)
    for delivery in vended.list_deliveries(logs, [name]):
        if delivery["deliverySourceName"] == name:
            vended.delete(logs.delete_delivery, id=delivery["id"])
    vended.delete(logs.delete_delivery_source, name=name)
    _put_source(target, name, log_type)


def _put_source(target: Target, name: str, log_type: LogType) -> None:
    arn = target.runtime_arn
    with vended.busy_heals():
        try:
            target.logs.put_delivery_source(
                name=name, resourceArn=arn, logType=log_type, tags=target.tags
            )
        except ClientError as error:
            if is_conflict(error):
                vended.refuse_other_source(target.logs, error, name, arn, log_type)
            raise


def _delivery(target: Target, log_type: LogType) -> str:
    """Make the delivery of a log type, and return its id."""
    name, to = target.wanted.sources[log_type], target.wanted.destination_of(log_type)
    kind = "XRAY" if log_type == "TRACES" else "CWL"
    # A source has one delivery for each type of destination; those of other types are somebody else's.
    mine = [
        delivery
        for delivery in vended.list_deliveries(target.logs, [name])
        if delivery["deliverySourceName"] == name and delivery["deliveryDestinationType"] == kind
    ]
    if not mine:
        target.ledger.change(f"the delivery of {log_type} was deleted", target.runtime_arn)
    for delivery in mine:
        there = delivery["deliveryDestinationArn"]
        if there == to:
            return str(delivery["id"])
        target.ledger.change(f"the delivery of {log_type} went to {there}", target.runtime_arn)
        vended.delete(target.logs.delete_delivery, id=delivery["id"])
    with vended.busy_heals():
        made = target.logs.create_delivery(
            deliverySourceName=name, deliveryDestinationArn=to, tags=target.tags
        )
    return str(made["delivery"]["id"])


def _write_tags(target: Target, deliveries: dict[LogType, str]) -> None:
    before, wanted = target.ledger.section.tags, target.wanted
    if not before or before == target.tags:
        return  # everything was created with them
    obsolete = [key for key in before if key not in target.tags]
    arns = [
        wanted.log_group_arn,
        *(wanted.destination_arn(kind) for kind in wanted.destinations),
        *(wanted.source_arn(log_type) for log_type in wanted.sources),
        *(wanted.delivery_arn(delivery_id) for delivery_id in deliveries.values()),
    ]
    target.ledger.change()
    for arn in arns:
        target.logs.tag_resource(resourceArn=arn, tags=target.tags)
        if obsolete:
            target.logs.untag_resource(resourceArn=arn, tagKeys=obsolete)
