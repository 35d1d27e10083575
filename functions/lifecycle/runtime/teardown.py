"""Delete the runtime: its endpoints, the runtime itself, its log groups, in this order; each is checked for again."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import TeardownIncompleteError
from lifecycle.record import Record
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.runtime import agentcore, log_groups
from lifecycle.runtime.removal import (
    RemovalLedger,
    Remover,
    endpoint_label,
    log_group_label,
    policy_label,
    runtime_label,
)
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of


class RuntimeTeardown(Teardown, Polled):
    """What `delete_runtime` returns."""


def delete_runtime(event: StageEvent, *, clients: Clients = CLIENTS) -> RuntimeTeardown:
    """Remove the runtime that the record names, or that has the environment's name and tags. Called until done.

    Args:
        event: The stage's event; the deadline is the deletion's.
        clients: DynamoDB, AgentCore and CloudWatch Logs.

    Returns:
        What was removed so far and what stays. A dry run changes nothing and is done at once.

    Raises:
        TeardownIncompleteError: AgentCore failed to delete something, or the deadline passed; lists what is left.
    """
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    environment = event.request.environment
    record = records.get(environment) or Record(environment=environment)
    removal = removal_of(record.runtime_removal, event.execution)
    before = removal.model_copy(deep=True)
    ledger = RemovalLedger(records, environment, event.execution, removal)
    search = _Search(clients, settings.stack_name, environment, record.runtime, ledger)
    found = search.runtimes()
    if event.request.dry_run:
        return RuntimeTeardown(
            **event.looked(done=True),
            would_remove=_would_remove(clients, found, removal.runtimes, record.runtime),
            kept=search.kept + (_network(event, record) if found else []),
            looked_for=search.looked_for(),
        )
    if found and (record.runtime is None or record.runtime.id is None):
        # Known only by its tags until now: the record must list it before anything is deleted.
        ledger.save(runtime=_recorded(search.name, found[0]))
    elif removal != before:
        ledger.save()
    guard = record.runtime.guard if record.runtime else None
    remover = Remover(clients, ledger, {guard.runtime_arn} if guard else ())
    for observed in found:
        remover.remove_runtime(observed)
    if not found:
        for runtime_id in removal.runtimes:
            remover.remove_log_groups(runtime_id)
    if remover.left:
        _keep_the_deadline(event, remover.left)
    else:
        removal.tried = []
        ledger.save(runtime=None, runtime_removal=removal if removal.removed else None)
    polled = event.looked(done=not remover.left)
    return RuntimeTeardown(
        **(event.began(remover.began) if remover.began else polled),
        removed=[what for what in removal.removed if what not in remover.left],
        kept=search.kept
        + (_network(event, record) if removal.removed and not remover.left else []),
        looked_for=search.looked_for(),
    )


class _Search:
    """Finds the environment's runtimes.

    Attributes:
        name: The runtime's name.
        kept: Runtimes that have the name and are not the environment's.
    """

    def __init__(
        self,
        clients: Clients,
        stack: str,
        environment: str,
        recorded: RuntimeRecord | None,
        ledger: RemovalLedger,
    ) -> None:
        self._control = clients.agentcore_control
        self._stack = stack
        self._environment = environment
        self._recorded = recorded
        self._ledger = ledger
        self.name = names.runtime_name(stack, environment)
        self.kept: list[Kept] = []

    def runtimes(self) -> list[dict[str, Any]]:
        """The recorded runtime, and one with our name and tags that a stopped create left without a record."""
        if self._recorded is not None:
            for known in (*self._recorded.former_ids, self._recorded.id):
                if known is not None:
                    self._ledger.know(known)
        found = {}
        for runtime_id in self._ledger.removal.runtimes:
            observed = agentcore.get_runtime(self._control, runtime_id)
            if observed is not None:
                found[runtime_id] = observed
        summary = agentcore.find_by_name(self._control, self.name)
        if summary is not None and summary["agentRuntimeId"] not in found:
            observed = self._unrecorded(summary)
            if observed is not None:
                found[observed["agentRuntimeId"]] = observed
        return list(found.values())

    def _unrecorded(self, summary: dict[str, Any]) -> dict[str, Any] | None:
        arn, runtime_id = summary["agentRuntimeArn"], summary["agentRuntimeId"]
        tags = agentcore.tags_of(self._control, arn)
        if agentcore.is_ours(tags, self._stack, self._environment):
            observed = agentcore.get_runtime(self._control, runtime_id)
            if observed is not None:
                self._ledger.know(runtime_id)
            return observed
        if runtime_id not in self._ledger.removal.runtimes:
            reason = f"it has our name, but its tags do not say that stack {self._stack} created it"
            self.kept.append(Kept(resource=f"runtime {arn}", reason=reason))
        return None

    def looked_for(self) -> list[str]:
        """What was looked for, for the output."""
        looked = [f"runtime named {self.name} with the tags of environment {self._environment}"]
        for runtime_id in self._ledger.removal.runtimes:
            looked.append(runtime_label(runtime_id))
            looked.append(f"endpoints of {runtime_id}")
            looked.append(f"log groups {names.log_group_prefix(runtime_id)}*")
        return looked


def _would_remove(
    clients: Clients,
    found: list[dict[str, Any]],
    runtime_ids: list[str],
    recorded: RuntimeRecord | None,
) -> list[str]:
    would = []
    for observed in found:
        runtime_id = observed["agentRuntimeId"]
        endpoints = agentcore.list_endpoints(clients.agentcore_control, runtime_id)
        would += [endpoint_label(runtime_id, item["name"]) for item in endpoints]
        guard = recorded.guard if recorded is not None else None
        if guard is not None and guard.runtime_arn == observed["agentRuntimeArn"]:
            would.append(policy_label(runtime_id))
        would.append(runtime_label(runtime_id))
    for runtime_id in runtime_ids:
        would += [log_group_label(name) for name in log_groups.of_runtime(clients.logs, runtime_id)]
    return would


def _recorded(name: str, observed: dict[str, Any]) -> RuntimeRecord:
    return RuntimeRecord(name=name, id=observed["agentRuntimeId"], arn=observed["agentRuntimeArn"])


def _network(event: StageEvent, record: Record) -> list[Kept]:
    # Any of these may have put a version of the runtime into a VPC.
    requests = (event.request.to_json(), record.proven_request, record.request)
    networks = [(request or {}).get("runtime", {}).get("network") or {} for request in requests]
    subnets = dict.fromkeys(subnet for network in networks for subnet in network.get("subnets", []))
    if not subnets:
        return []
    return [
        Kept(
            resource=f"network interfaces in {', '.join(subnets)}",
            reason="AgentCore removes them by itself, which may take hours",
        )
    ]


def _keep_the_deadline(event: StageEvent, left: list[str]) -> None:
    if event.overdue:
        raise TeardownIncompleteError(
            f"after {event.request.wait.timeout_seconds} s this is left: {', '.join(left)}; the record still lists it: "
            "raise wait.timeoutSeconds and retry the teardown"
        )
