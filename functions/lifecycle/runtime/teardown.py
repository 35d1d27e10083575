"""Delete the runtime: its endpoints, itself, its log groups, in this order, each looked for again."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import TeardownIncompleteError
from lifecycle.record import Record, Removal, RuntimeRecord
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import agentcore, log_groups
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of


def delete_runtime(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Remove the runtime, known by the record or found by name and tags. Called again until done.

    Args:
        event: The stage's event; the deadline is the deletion's.
        clients: DynamoDB, AgentCore and CloudWatch Logs.

    Returns:
        What was removed so far and what stays. A dry run touches nothing and is done at once.

    Raises:
        TeardownIncompleteError: AgentCore could not delete something, or the deadline passed; with what is left.
    """
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    environment = event.request.environment
    record = records.get(environment) or Record(environment=environment)
    remover = _Remover(event, clients, settings, records, record)
    return remover.look() if event.request.dry_run else remover.remove()


class _Remover:
    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: Settings,
        records: Records,
        record: Record,
    ) -> None:
        self._event = event
        self._clients = clients
        self._control = clients.agentcore_control
        self._stack = settings.stack_name
        self._records = records
        self._environment = event.request.environment
        self._name = names.runtime_name(self._stack, self._environment)
        self._runtime = record.runtime
        self._removal: Removal = removal_of(record.runtime_removal, event.execution)
        self._kept: list[Kept] = []
        self._left: list[str] = []

    def look(self) -> Teardown:
        """Say what would go."""
        would = []
        for observed in self._find():
            runtime_id = observed["agentRuntimeId"]
            endpoints = agentcore.list_endpoints(self._control, runtime_id)
            would += [_endpoint(runtime_id, item["name"]) for item in endpoints]
            would.append(_runtime(runtime_id))
        for runtime_id in self._removal.runtimes:
            groups = log_groups.of_runtime(self._clients.logs, runtime_id)
            would += [f"log group {name}" for name in groups]
        return Teardown(
            done=True, would_remove=would, kept=self._kept, looked_for=self._looked_for()
        )

    def remove(self) -> Teardown:
        """Take the next steps of the removal."""
        before = self._removal.model_copy(deep=True)
        found = self._find()
        self._remember(found)
        if self._removal != before:
            self._save()
        for observed in found:
            self._remove_runtime(observed)
        if not found:
            for runtime_id in self._removal.runtimes:
                self._remove_log_groups(runtime_id)
        if not self._left:
            self._note_network()
            self._removal.tried = []
            self._records.update(
                self._environment,
                self._event.execution,
                runtime=None,
                runtime_removal=self._removal if self._removal.removed else None,
            )
            return self._answer(done=True)
        self._keep_the_deadline()
        return self._answer(done=False)

    def _find(self) -> list[dict[str, Any]]:
        """The record's runtime, and one of our name that no record knows: a create that was killed leaves it."""
        found = {}
        if self._runtime is not None:
            for known in (*self._runtime.former_ids, self._runtime.id):
                if known is not None:
                    self._know(known)
        for runtime_id in self._removal.runtimes:
            observed = agentcore.get_runtime(self._control, runtime_id)
            if observed is not None:
                found[runtime_id] = observed
        summary = agentcore.find_by_name(self._control, self._name)
        if summary is not None and summary["agentRuntimeId"] not in found:
            arn, runtime_id = summary["agentRuntimeArn"], summary["agentRuntimeId"]
            tags = agentcore.tags_of(self._control, arn)
            if agentcore.is_ours(tags, self._stack, self._environment):
                observed = agentcore.get_runtime(self._control, runtime_id)
                if observed is not None:
                    self._know(runtime_id)
                    found[runtime_id] = observed
            elif runtime_id not in self._removal.runtimes:
                reason = (
                    f"it has our name, but its tags do not say that stack {self._stack} made it"
                )
                self._kept.append(Kept(resource=f"runtime {arn}", reason=reason))
        return list(found.values())

    def _know(self, runtime_id: str) -> None:
        if runtime_id not in self._removal.runtimes:
            self._removal.runtimes.append(runtime_id)

    def _remember(self, found: list[dict[str, Any]]) -> None:
        """Put a runtime that only its tags gave away into the record, before it is touched."""
        if found and (self._runtime is None or self._runtime.id is None):
            self._runtime = RuntimeRecord(
                name=self._name, id=found[0]["agentRuntimeId"], arn=found[0]["agentRuntimeArn"]
            )
            self._records.update(self._environment, self._event.execution, runtime=self._runtime)

    def _remove_runtime(self, observed: dict[str, Any]) -> None:
        runtime_id = observed["agentRuntimeId"]
        endpoints = [
            endpoint
            for endpoint in agentcore.list_endpoints(self._control, runtime_id)
            if endpoint["name"] != DEFAULT_ENDPOINT
        ]
        for endpoint in endpoints:
            self._remove_endpoint(runtime_id, endpoint)
        if endpoints:
            # The service refuses to delete a runtime that has endpoints of its own.
            self._left.append(_runtime(runtime_id))
            return
        self._tell(
            _runtime(runtime_id),
            observed["status"],
            lambda: observed.get("failureReason"),
            # Never with agentRuntimeVersion: only that version would go.
            lambda: self._control.delete_agent_runtime(agentRuntimeId=runtime_id),
        )

    def _remove_endpoint(self, runtime_id: str, endpoint: dict[str, Any]) -> None:
        name = endpoint["name"]

        def reason() -> str | None:
            state = agentcore.get_endpoint(self._control, runtime_id, name) or {}
            return state.get("failureReason")

        self._tell(
            _endpoint(runtime_id, name),
            endpoint["status"],
            reason,
            lambda: self._control.delete_agent_runtime_endpoint(
                agentRuntimeId=runtime_id, endpointName=name
            ),
        )

    def _tell(self, what: str, status: str, reason: Any, delete: Any) -> None:
        """Tell one thing to go, unless it is going; a failure after we told it is final."""
        self._left.append(what)
        if status == "DELETING":
            self._note_removed(what)
            return
        if status == "DELETE_FAILED" and what in self._removal.tried:
            # A redrive may tell it again.
            self._removal.tried.remove(what)
            self._save()
            raise TeardownIncompleteError(
                f"{what} is DELETE_FAILED: {reason() or 'AgentCore gives no reason'}; mend what it says and start the "
                "teardown again; the record still knows it"
            )
        # Noted before it is done: a thing that is gone when the next call looks was still removed by us.
        self._note_removed(what)
        try:
            delete()
        except ClientError as error:
            if agentcore.is_conflict(error):
                return  # busy: the next call tells it again
            if not agentcore.is_not_found(error):
                raise
        if what not in self._removal.tried:
            self._removal.tried.append(what)
            self._save()

    def _note_removed(self, *things: str) -> None:
        new = [what for what in things if what not in self._removal.removed]
        if new:
            self._removal.removed += new
            self._save()

    def _remove_log_groups(self, runtime_id: str) -> None:
        groups = log_groups.of_runtime(self._clients.logs, runtime_id)
        self._note_removed(*(f"log group {name}" for name in groups))
        for name in groups:
            log_groups.delete(self._clients.logs, name)
        left = log_groups.of_runtime(self._clients.logs, runtime_id)
        self._left += [f"log group {name}" for name in left]

    def _note_network(self) -> None:
        network = self._event.request.runtime.network
        if network is not None and self._removal.removed:
            self._kept.append(
                Kept(
                    resource=f"network interfaces in {', '.join(network.subnets)}",
                    reason="AgentCore removes them by itself, which may take hours",
                )
            )

    def _keep_the_deadline(self) -> None:
        deadline = self._event.deadline
        if deadline is not None and time.time() > deadline:
            raise TeardownIncompleteError(
                f"after {self._event.request.wait.timeout_seconds} s this is left: {', '.join(self._left)}; the record "
                "still knows it: raise wait.timeoutSeconds and start the teardown again"
            )

    def _looked_for(self) -> list[str]:
        looked = [f"runtime named {self._name} with the tags of environment {self._environment}"]
        for runtime_id in self._removal.runtimes:
            looked.append(_runtime(runtime_id))
            looked.append(f"endpoints of {runtime_id}")
            looked.append(f"log groups {names.log_group_prefix(runtime_id)}*")
        return looked

    def _answer(self, *, done: bool) -> Teardown:
        gone = [what for what in self._removal.removed if what not in self._left]
        return Teardown(done=done, removed=gone, kept=self._kept, looked_for=self._looked_for())

    def _save(self) -> None:
        self._records.update(
            self._environment, self._event.execution, runtime_removal=self._removal
        )


def _runtime(runtime_id: str) -> str:
    return f"runtime {runtime_id}"


def _endpoint(runtime_id: str, name: str) -> str:
    return f"endpoint {name} of {runtime_id}"
