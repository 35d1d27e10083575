"""Delete the telemetry: what delivered the runtime's logs and traces, after the runtime itself."""

from __future__ import annotations

from lifecycle.clients import CLIENTS, Clients
from lifecycle.observability.removal import TelemetryRemover, is_known
from lifecycle.observability.wanted import Wanted
from lifecycle.record import Record
from lifecycle.request.stage_event import StageEvent
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Teardown, removal_of


def delete_telemetry(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Remove deliveries, their sources and destinations, and the log group with everything in it.

    Args:
        event: The execution and its request. A dry run changes nothing.
        clients: DynamoDB and CloudWatch Logs.

    Returns:
        What was removed and what stays.

    Raises:
        ServiceUnavailableError: CloudWatch Logs is busy with one of them.
        TeardownIncompleteError: Something is still there.
    """
    settings = Settings.load()
    environment = event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment) or Record(environment=environment)
    wanted = Wanted.of(settings.stack_name, environment, event.execution)
    remover = TelemetryRemover(clients.logs, wanted, known=is_known(record))
    if event.request.dry_run:
        would = remover.would_remove()
        return Teardown(
            done=True, would_remove=would, kept=remover.kept, looked_for=remover.looked_for()
        )
    removal = removal_of(record.telemetry_removal, event.execution)

    def note(label: str) -> None:
        # Before it goes: if the next call does not find it, this execution has removed it.
        if label not in removal.removed:
            removal.removed.append(label)
            records.update(environment, event.execution, telemetry_removal=removal)

    remover.remove(note)
    records.update(
        environment,
        event.execution,
        last=True,
        telemetry=None,
        telemetry_removal=removal if removal.removed else None,
    )
    return Teardown(
        done=True, removed=removal.removed, kept=remover.kept, looked_for=remover.looked_for()
    )
