"""Delete the gateway: rules, targets, the gateway itself and its role, in this order; each is checked for again."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import TeardownIncompleteError
from lifecycle.gateway import looks
from lifecycle.gateway.finding import find_gateway
from lifecycle.gateway.mcp.leaving import has_own_role, remove_own_role, role_label
from lifecycle.gateway.removal import GatewayRemover, RemovalNotes, gateway_label, would_remove
from lifecycle.gateway.rules import own_rules
from lifecycle.record import Record, Removal
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of


class GatewayTeardown(Teardown, Polled):
    """What `delete_gateway` returns."""


def delete_gateway(event: StageEvent, *, clients: Clients = CLIENTS) -> GatewayTeardown:
    """Remove the gateway that the record names, or that has the environment's name and tags. Called until done.

    Args:
        event: The stage's event; the deadline is the deletion's.
        clients: DynamoDB, AgentCore and IAM.

    Returns:
        What was removed so far and what stays. A dry run changes nothing and is done at once.

    Raises:
        TeardownIncompleteError: AgentCore failed to delete something, or the deadline passed; lists what is left.
        ServiceUnavailableError: A gateway may be ours, and its tags are not visible yet.
    """
    settings = Settings.load()
    environment, stack = event.request.environment, settings.stack_name
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment) or Record(environment=environment)
    control, section = clients.agentcore_control, record.gateway
    name = names.gateway_name(stack, environment)
    recorded = section.id if section else None
    observed, foreign = find_gateway(
        *(control, recorded, name, stack, environment),
        intended=section is not None and section.is_intended,
    )
    said: dict[str, Any] = {
        "kept": [_kept(other, stack) for other in foreign],
        "looked_for": _looked_for(name, environment, recorded),
    }
    if event.request.dry_run:
        would = would_remove(control, observed["gatewayId"]) if observed else []
        if _may_have_role(section) and has_own_role(clients, stack, environment):
            would.append(role_label(stack, environment))
        return GatewayTeardown(**looks.looked(event, done=True), would_remove=would, **said)
    removal = removal_of(record.gateway_removal, event.execution)
    notes = _Notes(records, environment, event.execution, removal)
    remover = GatewayRemover(control, notes, own_rules(record))
    if observed is not None:
        if recorded != observed["gatewayId"]:
            # Known only by its tags until now: the record must list it before anything is deleted.
            found = GatewayRecord(
                name=name,
                id=observed["gatewayId"],
                arn=observed["gatewayArn"],
                mcp=section.mcp if section else None,
                caller=section.caller if section else None,
            )
            records.update(environment, event.execution, gateway=found)
        remover.remove(observed)
    if remover.left:
        _keep_the_deadline(event, remover.left)
    else:
        # A gateway without its role would answer nothing, so the role goes last.
        if _may_have_role(section) and has_own_role(clients, stack, environment):
            notes.removes(role_label(stack, environment))
            remove_own_role(clients, stack, environment)
        removal.tried = []
        kept = removal if removal.removed else None
        canary = record.canary
        if section is not None or canary is not None or kept != record.gateway_removal:
            # The rule and the target of a canary went with the gateway; its endpoint goes with the runtime.
            changes = {"gateway": None, "gateway_removal": kept, "canary": None}
            records.update(environment, event.execution, last=True, **changes)
    removed = [what for what in removal.removed if what not in remover.left]
    return GatewayTeardown(**looks.looked(event, done=not remover.left), removed=removed, **said)


class _Notes(RemovalNotes):
    """Writes what an execution removes through to the record."""

    def __init__(
        self, records: Records, environment: str, execution: str, removal: Removal
    ) -> None:
        self._records = records
        self._environment = environment
        self._execution = execution
        self._removal = removal

    def removes(self, what: str) -> None:
        # Before it goes: if the next call does not find it, this execution has removed it.
        if what not in self._removal.removed:
            self._removal.removed.append(what)
            self._save()

    def tried(self, what: str) -> bool:
        return what in self._removal.tried

    def accepted(self, what: str) -> None:
        if what not in self._removal.tried:
            self._removal.tried.append(what)
            self._save()

    def failed(self, what: str) -> None:
        self._removal.tried.remove(what)
        self._save()

    def _save(self) -> None:
        self._records.update(self._environment, self._execution, gateway_removal=self._removal)


def _may_have_role(section: GatewayRecord | None) -> bool:
    """Whether the gateway may have a role of its own; of one that was found by its tags nobody knows."""
    return section is None or section.has_own_role or not section.deployed


def _kept(observed: dict[str, Any], stack: str) -> Kept:
    return Kept(
        resource=f"gateway {observed['gatewayArn']}",
        reason=f"it has our name, but its tags do not say that stack {stack} created it",
    )


def _looked_for(name: str, environment: str, recorded: str | None) -> list[str]:
    looked = [f"gateway named {name} with the tags of environment {environment}"]
    if recorded is not None:
        looked.append(gateway_label(recorded))
        looked.append(f"targets and rules of gateway {recorded}")
    return looked


def _keep_the_deadline(event: StageEvent, left: list[str]) -> None:
    if looks.is_last(event):
        raise TeardownIncompleteError(
            f"after {looks.seconds(event)} s this is left: {', '.join(left)}; the record still lists it: "
            "retry the teardown"
        )
