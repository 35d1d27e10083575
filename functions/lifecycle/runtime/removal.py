"""Delete a runtime's endpoints, the runtime itself and its log groups; each is recorded before it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.clients import Clients
from lifecycle.errors import TeardownIncompleteError
from lifecycle.polling.schedule import Kind
from lifecycle.record import Removal
from lifecycle.runtime import agentcore, log_groups
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT
from lifecycle.runtime.guard.calls import delete_policy
from lifecycle.table import Records


class RemovalLedger:
    """Writes what an execution removes of the runtime through to the record.

    Attributes:
        removal: The section as it is recorded, or about to be.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        removal: The section to start from.
    """

    def __init__(
        self, records: Records, environment: str, execution: str, removal: Removal
    ) -> None:
        self._records = records
        self._environment = environment
        self._execution = execution
        self.removal = removal

    def save(self, **changes: Any) -> None:
        """Write the section, and other changes of the record with it.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        changes = {"runtime_removal": self.removal} | changes
        self._records.update(self._environment, self._execution, **changes)

    def know(self, runtime_id: str) -> None:
        """Add a runtime that is to be removed; the caller saves it."""
        if runtime_id not in self.removal.runtimes:
            self.removal.runtimes.append(runtime_id)

    def note_removed(self, *things: str) -> None:
        """Record what is removed, before it is: if the next call does not find it, this execution removed it."""
        new = [what for what in things if what not in self.removal.removed]
        if new:
            self.removal.removed += new
            self.save()

    def note_tried(self, what: str) -> None:
        """Record that AgentCore has accepted a delete: if it fails from now on, that is final."""
        if what not in self.removal.tried:
            self.removal.tried.append(what)
            self.save()

    def forget_tried(self, what: str) -> None:
        """Allow another delete, for a redrive of the execution."""
        self.removal.tried.remove(what)
        self.save()


class Remover:
    """Deletes what belongs to a runtime.

    Attributes:
        left: What is not gone yet.
        began: What AgentCore began to delete in this call; None when it began nothing.

    Args:
        clients: AgentCore and CloudWatch Logs.
        ledger: Where removals are recorded.
        guarded: The ARNs of runtimes that have a resource policy of the lifecycle.
    """

    def __init__(
        self, clients: Clients, ledger: RemovalLedger, guarded: Collection[str] = ()
    ) -> None:
        self._control = clients.agentcore_control
        self._logs = clients.logs
        self._ledger = ledger
        self._guarded = guarded
        self.left: list[str] = []
        self.began: Kind | None = None

    def remove_runtime(self, observed: dict[str, Any]) -> None:
        """Delete a runtime's endpoints, or the runtime when it has none but DEFAULT.

        Raises:
            TeardownIncompleteError: AgentCore failed to delete one of them.
        """
        runtime_id, arn = observed["agentRuntimeId"], observed["agentRuntimeArn"]
        endpoints = [
            endpoint
            for endpoint in agentcore.list_endpoints(self._control, runtime_id)
            if endpoint["name"] != DEFAULT_ENDPOINT
        ]
        for endpoint in endpoints:
            self._remove_endpoint(runtime_id, endpoint)
        if endpoints:
            # AgentCore refuses to delete a runtime that still has such endpoints.
            self.left.append(runtime_label(runtime_id))
            return
        if arn in self._guarded and observed["status"] != "DELETING":
            # As late as that: until then nobody can call it directly.
            self._ledger.note_removed(policy_label(runtime_id))
            delete_policy(self._control, arn)
        self._delete(
            runtime_label(runtime_id),
            observed["status"],
            lambda: observed.get("failureReason"),
            # Without agentRuntimeVersion: with it, only that version would be deleted.
            lambda: self._control.delete_agent_runtime(agentRuntimeId=runtime_id),
            "delete",
        )

    def _remove_endpoint(self, runtime_id: str, endpoint: dict[str, Any]) -> None:
        name = endpoint["name"]

        def reason() -> str | None:
            state = agentcore.get_endpoint(self._control, runtime_id, name) or {}
            return state.get("failureReason")

        self._delete(
            endpoint_label(runtime_id, name),
            endpoint["status"],
            reason,
            lambda: self._control.delete_agent_runtime_endpoint(
                agentRuntimeId=runtime_id, endpointName=name
            ),
            "deleteEndpoints",
        )

    def _delete(
        self,
        what: str,
        status: str,
        reason: Callable[[], str | None],
        delete: Callable[[], Any],
        kind: Kind,
    ) -> None:
        """Delete one thing, unless that is in progress; a failure of a delete of ours is final."""
        self.left.append(what)
        if status == "DELETING":
            self._ledger.note_removed(what)
            return
        if status == "DELETE_FAILED" and what in self._ledger.removal.tried:
            self._ledger.forget_tried(what)
            raise TeardownIncompleteError(
                f"{what} is DELETE_FAILED: {reason() or 'AgentCore gives no reason'}; fix the cause and retry the "
                "teardown; the record still lists it"
            )
        self._ledger.note_removed(what)
        try:
            delete()
        except ClientError as error:
            if agentcore.is_conflict(error):
                return  # busy: the next call deletes it
            if not agentcore.is_not_found(error):
                raise
        self.began = kind
        self._ledger.note_tried(what)

    def remove_log_groups(self, runtime_id: str) -> None:
        """Delete the log groups of a runtime that is gone."""
        groups = log_groups.of_runtime(self._logs, runtime_id)
        self._ledger.note_removed(*(log_group_label(name) for name in groups))
        for name in groups:
            log_groups.delete(self._logs, name)
        left = log_groups.of_runtime(self._logs, runtime_id)
        self.left += [log_group_label(name) for name in left]


def runtime_label(runtime_id: str) -> str:
    """What a runtime is called in the output."""
    return f"runtime {runtime_id}"


def policy_label(runtime_id: str) -> str:
    """What the resource policy of a runtime is called in the output."""
    return f"resource policy of runtime {runtime_id}"


def endpoint_label(runtime_id: str, name: str) -> str:
    """What an endpoint is called in the output."""
    return f"endpoint {name} of {runtime_id}"


def log_group_label(name: str) -> str:
    """What a log group is called in the output."""
    return f"log group {name}"
