"""The gateway section of the record while an execution deploys: each change is recorded before it is made."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.doors.section import GatewayChange, GatewayDeployment, GatewayRecord
from lifecycle.errors import GatewayError
from lifecycle.gateway import calls
from lifecycle.gateway.wanted import Wanted
from lifecycle.runtime import agentcore
from lifecycle.table import Records


class GatewayLedger:
    """Writes the section through to the record.

    Attributes:
        execution: ARN of the execution that deploys.
        section: The section as it is recorded, or about to be.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        section: The section to start from; None when the record has none.
        wanted: What is to be there.
    """

    def __init__(
        self,
        records: Records,
        environment: str,
        execution: str,
        section: GatewayRecord | None,
        wanted: Wanted,
    ) -> None:
        self._records = records
        self._environment = environment
        self._wanted = wanted
        self._saved = section.model_copy(deep=True) if section else None
        self.execution = execution
        self.section = section or GatewayRecord(name=wanted.name)

    @property
    def mine(self) -> GatewayDeployment:
        """What this execution did so far."""
        mine = self.section.deployment
        if mine is None or mine.execution != self.execution:
            mine = GatewayDeployment(execution=self.execution, change="unchanged")
            self.section.deployment = mine
        return mine

    def repair(self, phrase: str) -> None:
        """Note drift; it is saved with the change that repairs it."""
        if phrase not in self.mine.repaired:
            self.mine.repaired.append(phrase)

    def note_drift(self, different: list[str], observed: dict[str, Any]) -> None:
        """Note the parts that were changed by hand: those that are wanted as they were last written.

        Args:
            different: The parts that differ.
            observed: The gateway or target, as AgentCore gives it.
        """
        for part in different:
            if self._is_as_written(part):
                self.repair(self._wanted.drift(part, observed))

    def refuse_own_failure(self, what: str, observed: dict[str, Any], *parts: str) -> None:
        """Say that what this execution changed has failed; what was so before is repaired.

        Args:
            what: What the gateway or target is called.
            observed: As AgentCore gives it.
            parts: What it is about.

        Raises:
            GatewayError: Has AgentCore's reasons.
        """
        mine, section = self.mine, self.section
        if not set(parts) & set(mine.written):
            return
        # A redrive must try again, not report this failure again; and what was not taken over is no drift.
        mine.written = [part for part in mine.written if part not in parts]
        section.deployed = {k: v for k, v in section.deployed.items() if k not in parts}
        self.save(last=True)
        raise GatewayError(
            f"{what} is {observed['status']}: {calls.reasons(observed)}; fix the cause and retry the execution"
        )

    def intend(self, change: GatewayChange) -> None:
        """Record a change before it is made. What is behind the gateway's address must be tested again."""
        mine = self.mine
        if mine.change != "created":
            mine.change = change
        self.section.proven = False
        self.save()

    def wrote(self, *parts: str, **changes: Any) -> None:
        """Record what AgentCore took.

        Args:
            parts: Which parts it was.
            changes: Other fields of the section.
        """
        mine = self.mine
        mine.written = [*dict.fromkeys([*mine.written, *parts])]
        digests = {part: names.digest(self._wanted.parts[part]) for part in parts}
        echoed = {part: seen for part, seen in self.section.echoed.items() if part not in parts}
        changes = {"deployed": self.section.deployed | digests, "echoed": echoed} | changes
        self.section = self.section.model_copy(update=changes)
        self.save(last=True)

    def finish(self, **changes: Any) -> None:
        """Record that everything is there; nothing is written if nothing is new but the execution.

        Args:
            changes: Fields of the section.
        """
        self.section = self.section.model_copy(update=changes)
        before, mine = self._saved, self.mine
        idle = mine.change == "unchanged" and not mine.repaired
        told = before.deployment if idle and before is not None else mine
        if self.section.model_copy(update={"deployment": told}) != before:
            self.save(last=True)

    def save(self, *, last: bool = False) -> None:
        """Write the section.

        Args:
            last: The stage changes nothing after it.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        self._records.update(self._environment, self.execution, last=last, gateway=self.section)
        self._saved = self.section.model_copy(deep=True)

    def _is_as_written(self, part: str) -> bool:
        """Whether the last deployment wrote what is wanted of a part: then a difference was made by hand."""
        return self.section.deployed.get(part) == names.digest(self._wanted.parts[part])


def adopt(
    control: Any, ledger: GatewayLedger, observed: dict[str, Any], tags: dict[str, str]
) -> None:
    """Take a gateway that was found into the record, unless the record has it.

    Args:
        control: AgentCore's control plane.
        ledger: The gateway section of the record.
        observed: The gateway, from `GetGateway`.
        tags: The tags that it must have.
    """
    section = ledger.section
    if section.id == observed["gatewayId"]:
        return
    seen = agentcore.tags_of(control, observed["gatewayArn"])
    ledger.section = GatewayRecord(
        name=section.name,
        id=observed["gatewayId"],
        arn=observed["gatewayArn"],
        tags={key: value for key, value in tags.items() if seen.get(key) == value},
        deployment=section.deployment,
        mcp=section.mcp,
        caller=section.caller,
    )
    ledger.save()
