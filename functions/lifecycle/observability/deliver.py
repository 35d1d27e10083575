"""Deliver the telemetry: the runtime's logs and traces to CloudWatch, or nothing any more if it is switched off."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import EnvironmentNotFoundError
from lifecycle.observability.converge import converge
from lifecycle.observability.ledger import TelemetryLedger
from lifecycle.observability.removal import TelemetryRemover, is_known
from lifecycle.observability.target import Target
from lifecycle.observability.wanted import SPANS, Wanted
from lifecycle.record import Record
from lifecycle.request.stage_event import StageEvent
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.telemetry.section import TelemetryRecord


class DeliverySettings(Settings):
    """How long logs are kept, in days."""

    log_retention_days: int


class Observability(Wire):
    """What delivers logs and traces, as the output shows it.

    Attributes:
        log_group: Where application logs and usage logs go.
        sources: The delivery source of each log type.
        deliveries: The id of the delivery of each log type.
        traces: The log group in which CloudWatch keeps the spans that X-Ray takes.
    """

    log_group: str
    sources: dict[str, str]
    deliveries: dict[str, str]
    traces: str = SPANS


class DeliveryResult(Wire):
    """What `deliver_telemetry` returns.

    Attributes:
        observability: What delivers; null when it was switched off.
        repaired: Manual changes (drift) that were found and repaired.
    """

    observability: Observability | None
    repaired: list[str]


def deliver_telemetry(event: StageEvent, *, clients: Clients = CLIENTS) -> DeliveryResult:
    """Deliver the runtime's logs and traces as the request says, and in a rollback as before.

    Args:
        event: The execution and its request.
        clients: DynamoDB and CloudWatch Logs.

    Returns:
        What delivers, and what was repaired.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        ObservabilityError: A resource of somebody else is in the way.
        ServiceUnavailableError: CloudWatch Logs is busy with one of the resources.
        TeardownIncompleteError: It is to be switched off, and something could not be removed.
    """
    settings = DeliverySettings.load()
    environment = event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(environment, event.execution)
    wanted = Wanted.of(settings.stack_name, environment, event.execution)
    # A rollback keeps what there is; it comes here with the runtime of a version that it made anew.
    if not event.request.observability and event.request.action != "rollback":
        remover = TelemetryRemover(clients.logs, wanted, known=is_known(record))
        remover.remove(lambda _: None)
        records.update(environment, event.execution, last=True, telemetry=None)
        return DeliveryResult(observability=None, repaired=[])
    ledger = set_up(event, clients.logs, records, record, wanted, settings.log_retention_days)
    return DeliveryResult(observability=describe(wanted, ledger.section), repaired=ledger.repaired)


def set_up(
    event: StageEvent,
    logs: Any,
    records: Records,
    record: Record,
    wanted: Wanted,
    retention_days: int,
) -> TelemetryLedger:
    """Make or repair what delivers.

    Args:
        event: The execution and its request.
        logs: CloudWatch Logs.
        records: Where changes are recorded before they are made.
        record: The environment's record.
        wanted: The names.
        retention_days: How long logs are kept.

    Returns:
        The ledger, with the section as it is now and what was repaired.

    Raises:
        LifecycleError: As `deliver_telemetry`.
    """
    runtime = record.runtime
    if runtime is None or runtime.arn is None:
        raise EnvironmentNotFoundError(
            f"environment '{wanted.environment}' has no runtime; provision it again"
        )
    ledger = TelemetryLedger(records, event.execution, record, wanted)
    converge(
        Target(
            logs=logs,
            wanted=wanted,
            ledger=ledger,
            runtime_arn=runtime.arn,
            tags=names.tags(wanted.stack, wanted.environment) | event.request.tags,
            retention_days=retention_days,
        )
    )
    return ledger


def describe(wanted: Wanted, section: TelemetryRecord) -> Observability:
    """Say what delivers, for the output."""
    return Observability(
        log_group=section.log_group,
        sources={str(log_type): name for log_type, name in wanted.sources.items()},
        deliveries=section.deliveries,
    )
