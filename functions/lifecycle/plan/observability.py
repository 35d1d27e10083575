"""What would happen to the delivery of logs and traces: the stage's own code, and CloudWatch Logs only reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.observability.deliver import DeliverySettings, set_up
from lifecycle.observability.removal import TelemetryRemover, is_known
from lifecycle.observability.wanted import LOG_TYPES, Wanted
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.output import PlannedObservability
from lifecycle.plan.reading import Answer, ReadingClients, unmade
from lifecycle.request.stage_event import StageEvent


def observability_answers() -> dict[str, dict[str, Answer]]:
    """The answers to the calls that would change CloudWatch Logs, for `ReadingClients`."""

    def nothing(_: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    changes = (
        "create_log_group",
        "put_retention_policy",
        "put_delivery_destination",
        "put_delivery_source",
        "delete_delivery",
        "delete_delivery_source",
        "delete_delivery_destination",
        "tag_resource",
        "untag_resource",
    )
    delivery = {"delivery": {"id": unmade("the delivery")}}
    return {"logs": {**dict.fromkeys(changes, nothing), "create_delivery": lambda _: delivery}}


def plan_observability(
    event: StageEvent, clients: ReadingClients, records: DraftRecords, settings: DeliverySettings
) -> PlannedObservability | None:
    """Let the stage run, and tell what it would have done.

    Args:
        event: The execution and its request.
        clients: With the answers of `observability_answers`.
        records: The runtime as it would be.
        settings: The stack, and how long logs are kept.

    Returns:
        What would happen; None when nothing is delivered and nothing is to be, without a call.

    Raises:
        LifecycleError: As `deliver_telemetry`.
    """
    record = records.draft
    if not event.request.observability and record.telemetry is None:
        return None
    wanted = Wanted.of(settings.stack_name, event.request.environment, event.execution)
    if not event.request.observability:
        remover = TelemetryRemover(clients.logs, wanted, known=is_known(record))
        return PlannedObservability(change="remove", removes=remover.would_remove())
    if record.runtime is not None and record.runtime.arn is None:
        runtime = record.runtime.model_copy(update={"arn": unmade("the runtime")})
        record = record.model_copy(update={"runtime": runtime})
    before = len(clients.acts)
    ledger = set_up(event, clients.logs, records, record, wanted, settings.log_retention_days)
    changes = len(clients.acts) > before
    return PlannedObservability(
        change="create" if record.telemetry is None else "update" if changes else "unchanged",
        log_group=wanted.log_group,
        log_types=list(LOG_TYPES),
        repaired=ledger.repaired,
    )
