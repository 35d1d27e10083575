"""The runtime section of the record while an execution deploys: each change is recorded before it is made."""

from __future__ import annotations

from lifecycle.runtime.comparison import digests
from lifecycle.runtime.configuration import Configuration, Path
from lifecycle.sections.runtime import Change, Deployment, RuntimeRecord
from lifecycle.table import Records


class RuntimeLedger:
    """Writes the runtime section through to the record.

    Attributes:
        execution: ARN of the execution that deploys.
        runtime: The section as it is recorded, or about to be.
        repaired: The drift that was found and repaired, one phrase each.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        runtime: The section to start from.
    """

    def __init__(
        self, records: Records, environment: str, execution: str, runtime: RuntimeRecord
    ) -> None:
        self._records = records
        self._environment = environment
        self._recorded = runtime.model_copy(deep=True)
        self.execution = execution
        self.runtime = runtime
        self.repaired: list[str] = []

    def save(self, *, last: bool = False) -> None:
        """Write the section.

        Args:
            last: The stage changes nothing after it.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        self._records.update(self._environment, self.execution, last=last, runtime=self.runtime)
        self._recorded = self.runtime.model_copy(deep=True)

    def repair(self, *phrases: str) -> None:
        """Remember repaired drift, for the output."""
        self.repaired += phrases

    def intend(self, change: Change, *, last: bool = False) -> Change:
        """Record a change before it is made, so that a retry after a crash still reports it.

        Args:
            change: The change.
            last: It is made, and the stage changes nothing after this. Then nothing is written if nothing is new.

        Returns:
            What the execution did in all, this change included.
        """
        before = self.runtime.deployment
        if before is not None and before.execution != self.execution:
            before = None
        change = _together(before.change if before else None, change)
        self.runtime.deployment = Deployment(
            execution=self.execution,
            change=change,
            repaired=list(dict.fromkeys((before.repaired if before else []) + self.repaired)),
        )
        if not (last and self._is_recorded()):
            self.save(last=last)
        return change

    def _is_recorded(self) -> bool:
        """Whether the record says the same already, but for the execution that found nothing to do."""
        mine, before = self.runtime.deployment, self._recorded.deployment
        if mine is None or before is None or before.change == "pending":
            return False
        found_nothing = mine.change == "unchanged" and not mine.repaired
        same = self._recorded.model_copy(update={"deployment": mine})
        return self.runtime == (same if found_nothing else self._recorded)

    def deployed(self, wanted: Configuration, configured: list[Path]) -> None:
        """Remember what AgentCore was asked for; it is saved with the next change.

        Args:
            wanted: From `configuration.desired`.
            configured: From `configuration.configured`.
        """
        asked = digests(wanted)
        if asked != self.runtime.deployed:
            self.runtime.echoed = {}
        self.runtime.deployed = asked
        self.runtime.configured = [list(path) for path in configured]

    def former_ids(self) -> list[str]:
        """The ids of the runtimes before the next one.

        A deleted runtime leaves its log groups behind, and the teardown finds them by the runtime's id.
        """
        before = self.runtime
        return [*before.former_ids, before.id] if before.id is not None else before.former_ids


def _together(before: Change | None, now: Change) -> Change:
    """What an execution did in all, if it deployed more than once (a retry, or after a wait)."""
    if now == "pending" or before in (None, "pending"):
        return now
    return (
        "created"
        if "created" in (before, now)
        else "updated"
        if "updated" in (before, now)
        else now
    )
