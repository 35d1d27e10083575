"""Shift the traffic: give the version that passed a share of the calls through the gateway, as the step says."""

from __future__ import annotations

import time
from typing import Any

from lifecycle import names
from lifecycle.canary.making import Maker
from lifecycle.canary.parts import CanaryEvent
from lifecycle.canary.report import CanaryReport
from lifecycle.canary.rule import RuleMaker
from lifecycle.clients import CLIENTS, Clients
from lifecycle.doors.target import OWN_ROLE
from lifecycle.errors import WaitTimeoutError
from lifecycle.gateway import calls, looks
from lifecycle.gateway.step import Step
from lifecycle.record import Record
from lifecycle.request.promotion.section import Promotion
from lifecycle.request.stage_event import Polled
from lifecycle.runtime.readiness import deployed_record
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records

UNCHANGED = "live serves the version already"
NO_GATEWAY = (
    "the gateway or its target is not there or not ready; it is made anew after the promotion"
)


class ShiftedTraffic(Polled):
    """What `shift_traffic` returns.

    Attributes:
        canary: The canary so far; with `direct` if the version is promoted directly.
    """

    canary: CanaryReport


def shift_traffic(event: CanaryEvent, *, clients: Clients = CLIENTS) -> ShiftedTraffic:
    """Make the endpoint, the target and the rule of the canary, or change the rule's weight. Called until done.

    Each is recorded before it is made. The rule comes last: until it is there, no call of `live` goes anywhere else.

    Args:
        event: The stage's event; the deadline is the shift's.
        clients: DynamoDB and AgentCore.

    Returns:
        The canary, done or not. Done at once, with the reason, when there is nothing to split.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        CanaryFailedError: AgentCore failed to make the endpoint or the target.
        WaitTimeoutError: The deadline passed.
    """
    settings = Settings.load()
    environment = event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(environment, event.execution)
    tags = names.tags(settings.stack_name, environment) | event.request.tags
    return _Shift(event, clients.agentcore_control, records, record, tags).shift()


class _Shift:
    def __init__(
        self,
        event: CanaryEvent,
        control: Any,
        records: Records,
        record: Record,
        tags: dict[str, str],
    ) -> None:
        self._event = event
        self._control = control
        self._records = records
        self._record = record
        self._runtime: RuntimeRecord = deployed_record(record, event.request.environment)
        self._tags = tags
        plan = event.request.promotion or Promotion(strategy="canary")
        self._weight = plan.weights[event.step]

    def shift(self) -> ShiftedTraffic:
        note = self._note()
        if isinstance(note, str):
            return self._result(CanaryReport(direct=note), done=True)
        report = self._event.canary or CanaryReport()
        report = report.model_copy(
            update={"version": note.version, "live_version": note.live_version}
        )
        given = (self._control, self._runtime, note, self._keep, self._tags)
        maker = Maker(*given, by_role=self._is_by_role())
        step = maker.endpoint() or maker.target() or self._rule(note)
        if step is None:
            return self._result(report, done=True)
        if looks.is_last(self._event):
            raise WaitTimeoutError(
                f"{step.what} was still {step.status} after {looks.seconds(self._event)} s; look at it in the "
                "AgentCore console, and retry"
            )
        return self._result(report, done=False)

    def _note(self) -> CanaryRecord | str:
        """What is recorded of this canary, or why there is none."""
        runtime, gateway = self._runtime, self._record.gateway
        note = self._record.canary
        if note is not None and note.execution == self._event.execution:
            return note
        version, live = runtime.proven_version, runtime.live_version
        if version is None or live is None or version == live:
            return UNCHANGED
        if gateway is None or gateway.id is None or gateway.target_id is None:
            return NO_GATEWAY
        found = calls.get_gateway(self._control, gateway.id)
        target = calls.get_target(self._control, gateway.id, gateway.target_id)
        if {(one or {}).get("status") for one in (found, target)} != {calls.READY}:
            return NO_GATEWAY
        return CanaryRecord(
            execution=self._event.execution,
            version=version,
            live_version=live,
            gateway_id=gateway.id,
            target_id=note.target_id if note else None,
            target_looks=note.target_looks if note else None,
            rule_id=note.rule_id if note else None,
            rule_attempt=note.rule_attempt if note else None,
        )

    def _is_by_role(self) -> bool:
        """Whether the target `live` calls with the gateway's own role, which is recorded before any target does."""
        gateway = self._record.gateway
        if gateway is None or not gateway.calls_by_itself:
            return False
        live = calls.get_target(self._control, str(gateway.id), str(gateway.target_id)) or {}
        kinds = live.get("credentialProviderConfigurations") or []
        return any(kind["credentialProviderType"] == OWN_ROLE for kind in kinds)

    def _rule(self, note: CanaryRecord) -> Step | None:
        step = RuleMaker(self._control, note, self._keep).step(self._weight)
        if step is None and note.weight != self._weight:
            now = int(time.time())
            note.weight, note.shifted_at = self._weight, now
            note.begun_at = note.begun_at or now
            self._keep(note, last=True)
        return step

    def _keep(self, note: CanaryRecord, *, last: bool = False, **changes: Any) -> None:
        environment, execution = self._event.request.environment, self._event.execution
        self._records.update(environment, execution, last=last, canary=note, **changes)

    def _result(self, report: CanaryReport, *, done: bool) -> ShiftedTraffic:
        return ShiftedTraffic(**looks.looked(self._event, done=done), canary=report)
