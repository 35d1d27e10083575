"""Restore the version: put the endpoint `candidate` on the version that a rollback goes back to, if it still exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import RuntimeFailedError, WaitTimeoutError
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.promotions.store import PromotionItems
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.runtime import agentcore, endpoints
from lifecycle.runtime.description import DeployedRuntime, describe_runtime
from lifecycle.runtime.readiness import deployed_record
from lifecycle.runtime.rollback import candidate
from lifecycle.sections.runtime import Promotion, RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records


class RestoredVersion(Polled):
    """What `restore_version` returns.

    Attributes:
        gone: AgentCore no longer has the version, or it is not closed to the gateway that `live` is closed to. It must
            be made anew.
        runtime: The runtime at `candidate`; null until it is there, and when the version is gone.
    """

    gone: bool
    runtime: DeployedRuntime | None


def restore_version(event: StageEvent, *, clients: Clients = CLIENTS) -> RestoredVersion:
    """Put `candidate` on the version that the request names. Called until done.

    Args:
        event: The stage's event; the deadline is the endpoint's.
        clients: DynamoDB and AgentCore.

    Returns:
        The runtime at `candidate`, or that the version is gone.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        RuntimeFailedError: The endpoint failed; has AgentCore's reason.
        WaitTimeoutError: The deadline passed.
    """
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    items = PromotionItems(clients.dynamodb, settings.table_name)
    return restore(event, clients, records, items, settings.stack_name)


def restore(
    event: StageEvent, clients: Clients, records: Records, items: PromotionItems, stack: str
) -> RestoredVersion:
    """Do the next step of `restore_version`.

    Args:
        event: The stage's event.
        clients: AgentCore.
        records: The environments' records.
        items: What earlier versions were provisioned with.
        stack: The stack's name.

    Raises:
        LifecycleError: As `restore_version`.
    """
    environment = event.request.environment
    record = records.held(environment, event.execution)
    runtime = deployed_record(record, environment)
    tags = names.tags(stack, environment) | event.request.tags
    if not candidate.answers_as_live(items, record, str(event.request.version)):
        return _Restorer(event, clients, records, runtime, tags).gone()
    return _Restorer(event, clients, records, runtime, tags).restore()


def exists(control: Any, runtime_id: str, version: str) -> bool:
    """Whether AgentCore has a version that an endpoint can serve."""
    found = agentcore.get_version(control, runtime_id, version)
    return found is not None and found["status"] not in ("DELETING", *agentcore.FAILED)


class _Restorer:
    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        records: Records,
        runtime: RuntimeRecord,
        tags: dict[str, str],
    ) -> None:
        self._event, self._clients = event, clients
        self._control = clients.agentcore_control
        self._records, self._runtime = records, runtime
        self._id, self._version = str(runtime.id), str(event.request.version)
        self._tags = tags

    def restore(self) -> RestoredVersion:
        if not exists(self._control, self._id, self._version):
            return self.gone()
        endpoint = agentcore.get_endpoint(self._control, self._id, CANDIDATE_ENDPOINT)
        note = self._note()
        if endpoint is None:
            return self._begin(note, endpoint, self._create)
        if agentcore.serves(endpoint, self._version):
            return self._finish(note)
        if endpoint["status"] in agentcore.BUSY:
            return self._wait(endpoint)
        if endpoint["status"] in agentcore.FAILED and note.begun:
            self._refuse(note, endpoint)
        if endpoint["status"] in ("CREATE_FAILED", "DELETE_FAILED"):
            # The next call creates it again; another number of tries gives another token.
            again = note.model_copy(update={"tries": note.tries + 1})
            return self._begin(again, endpoint, self._clear_away, under_way=False)
        return self._begin(note, endpoint, self._move)

    def _note(self) -> Promotion:
        note = self._runtime.candidate
        mine = note is not None and note.execution == self._event.execution
        if note is not None and mine and note.version == self._version:
            return note
        return Promotion(execution=self._event.execution, version=self._version)

    def _begin(
        self,
        note: Promotion,
        endpoint: dict[str, Any] | None,
        act: Callable[[Promotion, Any], None],
        *,
        under_way: bool = True,
    ) -> RestoredVersion:
        # Recorded before the endpoint exists, so that whoever comes next knows of it.
        self._keep(note.model_copy(update={"begun": False}))
        try:
            act(note, endpoint)
        except ClientError as error:
            # Not found: the version was deleted a moment ago, which the next look sees.
            if not (agentcore.is_conflict(error) or agentcore.is_not_found(error)):
                raise
            return self._wait(endpoint)
        self._keep(note.model_copy(update={"begun": under_way}), last=True)
        self._keep_the_deadline(endpoint)
        return self._result(self._event.began("promote" if under_way else None))

    def _create(self, note: Promotion, _endpoint: Any) -> None:
        token = self._token(note.tries)
        endpoints.create(
            self._control, self._id, CANDIDATE_ENDPOINT, self._version, token, self._tags
        )

    def _move(self, _note: Promotion, endpoint: Any) -> None:
        token = self._token(str(endpoint["lastUpdatedAt"]))
        endpoints.move(self._control, self._id, CANDIDATE_ENDPOINT, self._version, token)

    def _clear_away(self, _note: Promotion, _endpoint: Any) -> None:
        candidate.clear(self._control, self._id)

    def _token(self, more: int | str) -> str:
        parts = (CANDIDATE_ENDPOINT, self._event.execution, self._id, self._version, more)
        return names.client_token(*parts)

    def _refuse(self, note: Promotion, endpoint: dict[str, Any]) -> None:
        reason = endpoint.get("failureReason") or "AgentCore gives no reason"
        what = f"endpoint {CANDIDATE_ENDPOINT} of {self._id} is {endpoint['status']}"
        text = " ".join(f"{what} for version {self._version}: {reason}".split())
        # A redrive must try again, not report this failure again.
        again = {"begun": False, "tries": note.tries + 1}
        self._keep(note.model_copy(update=again), last=True)
        raise RuntimeFailedError(f"{text}; live does not move; fix the cause and retry")

    def gone(self) -> RestoredVersion:
        if self._runtime.candidate is not None:
            # Of an earlier rollback. The new version is tested on DEFAULT.
            if not candidate.clear(self._control, self._id):
                return self._wait({"status": "DELETING"})
            self._runtime.candidate = None
            self._records.update(
                self._event.request.environment,
                self._event.execution,
                last=True,
                runtime=self._runtime,
            )
        return self._result(self._event.looked(done=True), gone=True)

    def _finish(self, note: Promotion) -> RestoredVersion:
        done = note.model_copy(update={"begun": False})
        if done != self._runtime.candidate:
            self._keep(done, last=True)
        return self._result(self._event.looked(done=True))

    def _wait(self, endpoint: dict[str, Any] | None) -> RestoredVersion:
        self._keep_the_deadline(endpoint)
        return self._result(self._event.looked(done=False))

    def _keep_the_deadline(self, endpoint: dict[str, Any] | None) -> None:
        if self._event.overdue:
            status = endpoint["status"] if endpoint else "missing"
            raise WaitTimeoutError(
                f"endpoint {CANDIDATE_ENDPOINT} of {self._id} was still {status} and not on version {self._version} "
                f"after {self._event.request.wait.timeout_seconds} s; look at it in the AgentCore console, or raise "
                "wait.timeoutSeconds, and retry"
            )

    def _keep(self, note: Promotion, *, last: bool = False) -> None:
        self._runtime.candidate = note
        environment, execution = self._event.request.environment, self._event.execution
        self._records.update(environment, execution, last=last, runtime=self._runtime)

    def _result(self, polled: dict[str, Any], *, gone: bool = False) -> RestoredVersion:
        runtime = None
        if polled["done"] and not gone:
            runtime = describe_runtime(
                self._clients, self._runtime, CANDIDATE_ENDPOINT, self._version
            )
        return RestoredVersion(**polled, gone=gone, runtime=runtime)
