"""Promote the version: move the endpoint `live` to the version that passed its smoke test, and to no other."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import RuntimeFailedError, WaitTimeoutError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.record import Record
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.runtime import agentcore, endpoints, log_groups
from lifecycle.runtime.description import DeployedRuntime, describe_runtime
from lifecycle.runtime.readiness import deployed_record
from lifecycle.runtime.rollback import candidate
from lifecycle.runtime.rollback.history import History
from lifecycle.sections.runtime import Promotion, RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records


class PromotionSettings(Settings):
    """How long the logs of a runtime are kept, in days."""

    log_retention_days: int


class PromotedVersion(Wire):
    """Which version `live` serves, and which it served before (null when there was no `live`)."""

    endpoint: str = LIVE_ENDPOINT
    version: str
    previous_version: str | None


class PromotionResult(Polled):
    """What `promote_version` returns; `done` when `live` is ready on the version."""

    promotion: PromotedVersion
    runtime: DeployedRuntime


def promote_version(event: StageEvent, *, clients: Clients = CLIENTS) -> PromotionResult:
    """Move `live` to the proven version, note the promotion, and set how long logs are kept. Called until done.

    Args:
        event: The stage's event; the deadline is the endpoint's.
        clients: DynamoDB, AgentCore and CloudWatch Logs.

    Returns:
        The promotion, done or not.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        SmokeTestError: The version on DEFAULT, or in a rollback on `candidate`, is not the one that passed; `live`
            does not move.
        RuntimeFailedError: The endpoint failed; has AgentCore's reason.
        WaitTimeoutError: The deadline passed.
    """
    settings = PromotionSettings.load()
    records = Records(clients.dynamodb, settings.table_name)
    environment = event.request.environment
    record = records.held(environment, event.execution)
    return _Promoter(event, clients, records, record, settings).promote()


class _Promoter:
    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        records: Records,
        record: Record,
        settings: PromotionSettings,
    ) -> None:
        self._settings = settings
        self._event = event
        self._clients = clients
        self._control = clients.agentcore_control
        self._records = records
        self._record = record
        environment = event.request.environment
        self._runtime = runtime = deployed_record(record, environment)
        self._recorded = runtime.model_copy(deep=True)
        self._id = str(runtime.id)
        self._tags = names.tags(settings.stack_name, environment) | event.request.tags

    def promote(self) -> PromotionResult:
        version = (
            _under_way(self._runtime, self._event.execution)
            or _rolled_back(self._runtime, self._event)
            or candidate.proven_version(self._control, self._runtime, self._event.execution)
        )
        endpoint = agentcore.get_endpoint(self._control, self._id, LIVE_ENDPOINT)
        note = self._note(version, endpoint)
        if endpoint is None:
            return self._begin(note, endpoint, self._create)
        status = endpoint["status"]
        if agentcore.serves(endpoint, version):
            return self._finish(note, endpoint)
        if status in agentcore.BUSY:
            return self._wait(note, endpoint)
        if (
            status in agentcore.FAILED
            and _under_way(self._runtime, self._event.execution) == version
        ):
            self._refuse(note, endpoint)
        if status in ("CREATE_FAILED", "DELETE_FAILED"):
            # The next call creates the endpoint again; another number of tries gives another token.
            again = note.model_copy(update={"tries": note.tries + 1})
            return self._begin(again, endpoint, self._clear_away, under_way=False)
        return self._begin(note, endpoint, self._move)

    def _note(self, version: str, endpoint: dict[str, Any] | None) -> Promotion:
        note = self._runtime.promotion
        if note is not None and note.execution == self._event.execution and note.version == version:
            return note
        return Promotion(
            execution=self._event.execution,
            version=version,
            previous_version=endpoint.get("liveVersion") if endpoint else None,
        )

    def _begin(
        self, note: Promotion, endpoint: dict[str, Any] | None, act: Any, *, under_way: bool = True
    ) -> PromotionResult:
        # A move is in progress only when AgentCore has accepted it: a failure seen before that is an older one.
        self._keep(note.model_copy(update={"begun": False}))
        try:
            act(note, endpoint)
        except ClientError as error:
            if not agentcore.is_conflict(error):
                raise
            return self._wait(note, endpoint)
        self._keep(note.model_copy(update={"begun": under_way}), last=True)
        self._keep_the_deadline(note, endpoint)
        return self._result(note, self._event.began("promote" if under_way else None))

    def _create(self, note: Promotion, _endpoint: dict[str, Any] | None) -> None:
        token = names.client_token(
            "live", self._event.execution, self._id, note.version, note.tries
        )
        endpoints.create(self._control, self._id, LIVE_ENDPOINT, note.version, token, self._tags)

    def _move(self, note: Promotion, endpoint: dict[str, Any]) -> None:
        token = names.client_token(
            "live", self._event.execution, self._id, note.version, str(endpoint["lastUpdatedAt"])
        )
        endpoints.move(self._control, self._id, LIVE_ENDPOINT, note.version, token)

    def _clear_away(self, _note: Promotion, _endpoint: dict[str, Any]) -> None:
        self._control.delete_agent_runtime_endpoint(
            agentRuntimeId=self._id, endpointName=LIVE_ENDPOINT
        )

    def _refuse(self, note: Promotion, endpoint: dict[str, Any]) -> None:
        reason = endpoint.get("failureReason") or "AgentCore gives no reason"
        what = f"endpoint live of {self._id} is {endpoint['status']} for version {note.version}"
        text = " ".join(f"{what}: {reason}".split())
        self._runtime.failed_version, self._runtime.failed_reason = note.version, text
        # A redrive must try again, not report this failure again.
        self._keep(note.model_copy(update={"begun": False, "tries": note.tries + 1}), last=True)
        raise RuntimeFailedError(f"{text}; fix the cause and retry the execution")

    def _wait(self, note: Promotion, endpoint: dict[str, Any] | None) -> PromotionResult:
        self._keep_the_deadline(note, endpoint)
        return self._result(note, self._event.looked(done=False))

    def _keep_the_deadline(self, note: Promotion, endpoint: dict[str, Any] | None) -> None:
        if self._event.overdue:
            status = endpoint["status"] if endpoint else "missing"
            raise WaitTimeoutError(
                f"endpoint live of {self._id} was still {status} and not on version {note.version} after "
                f"{self._event.request.wait.timeout_seconds} s; look at it in the AgentCore console, or raise "
                "wait.timeoutSeconds, and retry"
            )

    def _finish(self, note: Promotion, endpoint: dict[str, Any]) -> PromotionResult:
        runtime, event = self._runtime, self._event
        table = self._settings.table_name
        history = History(event, self._clients, table, self._record, runtime, note.version)
        runtime.live_version = note.version
        runtime.live_identity = history.identity
        runtime.live_endpoint_arn = endpoint["agentRuntimeEndpointArn"]
        runtime.failed_version = runtime.failed_reason = None
        if not (note.begun and note.previous_version is None):
            # An endpoint that this execution has created has its tags from the start.
            agentcore.write_tags(self._control, endpoint["agentRuntimeEndpointArn"], self._tags)
        log_groups.set_retention(self._clients.logs, self._id, self._settings.log_retention_days)
        if history.is_new or runtime.candidate is not None:
            self._keep(note)  # the record has this call from now on
        changes = history.note()
        if runtime.candidate is not None:
            # The record says all about what live serves before what proved it goes.
            self._keep(note, **changes)
            if not candidate.clear(self._control, self._id) and not event.overdue:
                return self._result(note, event.looked(done=False, ended=True))
            runtime.candidate = None
        stayed = note.previous_version == note.version and not note.begun
        if not stayed or changes or runtime != self._recorded:
            self._keep(note.model_copy(update={"begun": False}), last=True, **changes)
        return self._result(note, event.looked(done=True))

    def _keep(self, note: Promotion, *, last: bool = False, **changes: Any) -> None:
        self._runtime.promotion = note
        environment, execution = self._event.request.environment, self._event.execution
        self._records.update(environment, execution, last=last, runtime=self._runtime, **changes)

    def _result(self, note: Promotion, polled: dict[str, Any]) -> PromotionResult:
        return PromotionResult(
            **polled,
            promotion=PromotedVersion(version=note.version, previous_version=note.previous_version),
            runtime=describe_runtime(self._clients, self._runtime, LIVE_ENDPOINT, note.version),
        )


def _under_way(runtime: RuntimeRecord, execution: str) -> str | None:
    """The version that an execution has begun to move `live` to: it was the proven one when the move began."""
    note = runtime.promotion
    if note is None or note.execution != execution or not note.begun:
        return None
    return note.version if note.version == runtime.proven_version else None


def _rolled_back(runtime: RuntimeRecord, event: StageEvent) -> str | None:
    """The version that `live` serves since this execution rolled it back; what proved it may be gone by now."""
    note = runtime.promotion
    if event.request.action != "rollback" or note is None or note.execution != event.execution:
        return None
    return note.version if note.version == runtime.live_version else None
