"""The credentials' section of the record while an execution deploys: each change is recorded before it is made."""

from __future__ import annotations

from typing import Any

from lifecycle.errors import CredentialsError
from lifecycle.sections.credentials import (
    CredentialsChange,
    CredentialsDeployment,
    CredentialsRecord,
    ProviderRecord,
    RoleRecord,
)
from lifecycle.table import Records


class CredentialsLedger:
    """Writes the section through to the record.

    Attributes:
        section: The section as it is recorded, or about to be.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        section: The section to start from; None when the record has none.
    """

    def __init__(
        self,
        records: Records,
        environment: str,
        execution: str,
        section: CredentialsRecord | None,
    ) -> None:
        self._records = records
        self._environment = environment
        self._execution = execution
        self._saved = section.model_copy(deep=True) if section else None
        self.section = section.model_copy(deep=True) if section else CredentialsRecord()

    @property
    def mine(self) -> CredentialsDeployment:
        """What this execution did so far."""
        mine = self.section.deployment
        if mine is None or mine.execution != self._execution:
            mine = CredentialsDeployment(execution=self._execution, change="unchanged")
            self.section.deployment = mine
        return mine

    def repair(self, *phrases: str) -> None:
        """Note drift; it is saved with the change that repairs it."""
        self.mine.repaired += [each for each in phrases if each not in self.mine.repaired]

    def intend(self, change: CredentialsChange) -> None:
        """Record a change before it is made."""
        if self.mine.change != "created":
            self.mine.change = change
        self.save()

    def wrote(self, provider: ProviderRecord) -> None:
        """Record that AgentCore took a provider; in which form it gives that back is not known yet."""
        self.mine.written = [*dict.fromkeys([*self.mine.written, provider.name])]
        provider.echoed = None
        self.save()

    def refuse_own_failure(self, provider: ProviderRecord, why: str) -> None:
        """Say that what this execution wrote has failed; what was so before is repaired.

        Raises:
            CredentialsError: Says why.
        """
        if provider.name not in self.mine.written:
            return
        # A redrive must try again, not report this failure again.
        self.mine.written.remove(provider.name)
        self.save()
        raise CredentialsError(f"{why}; fix the cause and retry the execution")

    def know(self, provider: ProviderRecord) -> ProviderRecord | None:
        """What the record has of a provider, wherever it is listed."""
        return next((one for one in self.all() if one.name == provider.name), None)

    def all(self) -> list[ProviderRecord]:
        """Every provider that the record lists."""
        return [*self.section.providers.values(), *self.section.former]

    def of_agent(self) -> list[ProviderRecord]:
        """Those that the agent may use."""
        return [one for one in self.all() if one.for_agent]

    def want(self, wanted: dict[str, ProviderRecord], role: str, *, promoted: bool) -> None:
        """List what is to be there before any of it is made; what was listed before becomes `former`.

        Args:
            wanted: By the names in the input.
            role: The name of the agent's role.
            promoted: Nothing that the agent could use before is needed any more.
        """
        kept = {name: self._as_known(one, promoted=promoted) for name, one in wanted.items()}
        chosen = {one.name for one in wanted.values()}
        self.section.former = [one for one in self.all() if one.name not in chosen]
        self.section.providers = kept
        if self.section.role is None and self.of_agent():
            self.section.role = RoleRecord(name=role)

    def forget(self, provider: ProviderRecord) -> None:
        """Take a provider out of the section; it is gone."""
        self.section.former = [one for one in self.section.former if one.name != provider.name]
        self.save()

    def save(self, *, last: bool = False) -> None:
        """Write the section, if it is another one.

        Args:
            last: The stage changes nothing after it.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        if self.section == self._saved:
            return
        self._records.update(
            self._environment, self._execution, last=last, credentials=self.section
        )
        self._saved = self.section.model_copy(deep=True)

    def finish(self) -> None:
        """Record that everything is there; nothing is written if nothing is new but the execution."""
        mine, before = self.mine, self._saved
        if mine.change == "unchanged" and not mine.repaired and before is not None:
            self.section.deployment = before.deployment
        self.save(last=True)

    def empty(self) -> None:
        """Take the section out of the record: nothing of it is there any more."""
        self._records.update(self._environment, self._execution, last=True, credentials=None)

    def _as_known(self, provider: ProviderRecord, *, promoted: bool) -> ProviderRecord:
        known = self.know(provider)
        if known is None:
            return provider
        kept: dict[str, Any] = {"arn": known.arn, "tags": known.tags, "echoed": known.echoed}
        # The agent that `live` serves may use it until the new version is promoted.
        kept["for_agent"] = provider.for_agent or (known.for_agent and not promoted)
        return provider.model_copy(update=kept)
