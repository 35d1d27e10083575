"""Remove what delivers logs and traces: deliveries, sources, destinations, the log group, in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from lifecycle.errors import TeardownIncompleteError
from lifecycle.observability import vended
from lifecycle.observability.wanted import Wanted
from lifecycle.record import Record
from lifecycle.runtime import log_groups
from lifecycle.runtime.agentcore import is_ours
from lifecycle.runtime.removal import log_group_label
from lifecycle.teardown import Kept

Note = Callable[[str], None]
"""Records what is about to be removed."""


def is_known(record: Record) -> bool:
    """Whether everything with the environment's names is the lifecycle's: all of it was made once."""
    return record.telemetry is not None and bool(record.telemetry.deliveries)


class TelemetryRemover:
    """Finds and removes what has the environment's names.

    Attributes:
        kept: What stays.

    Args:
        logs: CloudWatch Logs.
        wanted: The names.
        known: From `is_known`. Otherwise only what has the environment's tags is removed.
    """

    def __init__(self, logs: Any, wanted: Wanted, *, known: bool) -> None:
        self._logs = logs
        self._wanted = wanted
        self._known = known
        self.kept: list[Kept] = []

    def would_remove(self) -> list[str]:
        """What there is to remove, each with its kind."""
        return [label for label, _ in self._steps()]

    def remove(self, note: Note) -> None:
        """Remove it.

        Args:
            note: Is told of each thing before it is removed.

        Raises:
            ServiceUnavailableError: CloudWatch Logs is busy with one of them.
            TeardownIncompleteError: Something is still there; lists what.
        """
        for label, delete in self._steps():
            note(label)
            delete()
        # CloudWatch Logs may not have found what is there, so what is left is removed once more.
        again = list(self._anew()._steps())
        for label, delete in again:
            note(label)
            delete()
        left = self._anew().would_remove() if again else []
        if left:
            raise TeardownIncompleteError(
                f"this is left: {', '.join(left)}; the record still lists it: retry the teardown"
            )

    def _anew(self) -> TelemetryRemover:
        return TelemetryRemover(self._logs, self._wanted, known=self._known)

    def looked_for(self) -> list[str]:
        """What was looked for, for the output."""
        wanted = self._wanted
        return [
            *(f"delivery source {name}" for name in wanted.sources.values()),
            *(f"delivery destination {name}" for name in wanted.destinations.values()),
            log_group_label(wanted.log_group),
        ]

    @cached_property
    def _deliveries(self) -> list[dict[str, Any]]:
        return vended.list_deliveries(self._logs)

    def _steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        logs, wanted = self._logs, self._wanted
        gone = []
        for log_type, name in wanted.sources.items():
            if vended.get_source(logs, name) is None:
                continue
            label = f"delivery source {name}"
            if not self._may_remove(label, wanted.source_arn(log_type)):
                continue
            for delivery in self._deliveries:
                if delivery["deliverySourceName"] == name:
                    gone.append(delivery["id"])
                    yield f"delivery {delivery['id']} of {name}", self._delivery(delivery["id"])
            yield label, self._source(name)
        yield from self._places(gone)

    def _places(self, gone: list[str]) -> Iterator[tuple[str, Callable[[], None]]]:
        logs, wanted = self._logs, self._wanted
        for kind, name in wanted.destinations.items():
            if vended.get_destination(logs, name) is None:
                continue
            label, arn = f"delivery destination {name}", wanted.destination_arn(kind)
            if not self._may_remove(label, arn):
                continue
            users = [
                delivery["deliverySourceName"]
                for delivery in self._deliveries
                if delivery["deliveryDestinationArn"] == arn and delivery["id"] not in gone
            ]
            if users:
                self._keep(label, f"the delivery source {', '.join(users)} delivers to it")
                continue
            yield label, self._destination(name)
        if vended.get_log_group(logs, wanted.log_group) is None:
            return
        label = log_group_label(wanted.log_group)
        if not self._may_remove(label, wanted.log_group_arn):
            return
        users = vended.destinations_to(logs, wanted.log_group_arn)
        kept = {item.resource for item in self.kept}
        ours = wanted.destinations["CWL"]
        others = [n for n in users if n != ours or f"delivery destination {n}" in kept]
        if others:
            self._keep(label, f"the delivery destination {', '.join(others)} stands for it")
        else:
            yield label, lambda: log_groups.delete(logs, wanted.log_group)

    def _may_remove(self, label: str, arn: str) -> bool:
        wanted = self._wanted
        if self._known or is_ours(
            vended.tags_of(self._logs, arn), wanted.stack, wanted.environment
        ):
            return True
        self._keep(
            label, f"it has our name, but its tags do not say that stack {wanted.stack} created it"
        )
        return False

    def _keep(self, resource: str, reason: str) -> None:
        self.kept.append(Kept(resource=resource, reason=reason))

    def _delivery(self, delivery_id: str) -> Callable[[], None]:
        return lambda: vended.delete(self._logs.delete_delivery, id=delivery_id)

    def _source(self, name: str) -> Callable[[], None]:
        return lambda: vended.delete(self._logs.delete_delivery_source, name=name)

    def _destination(self, name: str) -> Callable[[], None]:
        return lambda: vended.delete(self._logs.delete_delivery_destination, name=name)
