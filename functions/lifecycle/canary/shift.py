"""Shift the traffic: give the version that passed a share of the calls through the gateway, as the step says."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.canary import parts
from lifecycle.canary.parts import CANDIDATE_TARGET, CanaryEvent
from lifecycle.canary.report import CanaryReport
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import CanaryFailedError, WaitTimeoutError
from lifecycle.gateway import calls, looks
from lifecycle.gateway.removal import rule_label, target_label
from lifecycle.gateway.step import Step
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.record import Record
from lifecycle.request.promotion.section import Promotion
from lifecycle.request.stage_event import Polled
from lifecycle.runtime import agentcore, endpoints
from lifecycle.runtime.readiness import deployed_record
from lifecycle.runtime.rollback import candidate
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records

UNCHANGED = "live serves the version already"
NO_GATEWAY = (
    "the gateway or its target is not there or not ready; it is made anew after the promotion"
)
_ACTIVE = "ACTIVE"


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
        step = self._endpoint(note) or self._target(note) or self._rule(note)
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
            rule_id=note.rule_id if note else None,
        )

    def _endpoint(self, note: CanaryRecord) -> Step | None:
        control, runtime_id = self._control, str(self._runtime.id)
        what = f"endpoint {CANDIDATE_ENDPOINT} of {runtime_id}"
        observed = agentcore.get_endpoint(control, runtime_id, CANDIDATE_ENDPOINT)
        if agentcore.serves(observed, note.version):
            return None
        status = observed["status"] if observed else None
        if status in agentcore.BUSY:
            return Step(what, str(status))
        if observed is not None and status in agentcore.FAILED:
            return self._give_up(
                note, what, observed, observed.get("failureReason"), self._clear_endpoint
            )
        # Recorded before the endpoint exists. One that an earlier rollback left behind belongs to the canary now.
        self._runtime.candidate = None
        self._keep(note, runtime=self._runtime)
        stamp = str(observed["lastUpdatedAt"]) if observed else note.tries
        token = names.client_token("canary", note.execution, runtime_id, note.version, stamp)
        given = (control, runtime_id, CANDIDATE_ENDPOINT, note.version, token)
        if observed is None:
            taken = self._attempt(lambda: endpoints.create(*given, self._tags))
        else:
            taken = self._attempt(lambda: endpoints.move(*given))
        return Step(what, "CREATING" if taken else "busy")

    def _target(self, note: CanaryRecord) -> Step | None:
        control = self._control
        what = target_label(note.gateway_id, CANDIDATE_TARGET)
        gateway = calls.get_gateway(control, note.gateway_id) or {}
        wanted = parts.target_of(str(self._runtime.arn), str(gateway.get("authorizerType")))
        found = parts.targets_of(control, note)
        if not found:
            if note.target_id is not None:
                note.tries += 1
            self._keep(note)
            # Another target before it, such as one that was deleted by hand, gives another token.
            token = names.client_token("canary", note.execution, note.gateway_id, note.tries)
            answer = self._made(
                lambda: control.create_gateway_target(
                    gatewayIdentifier=note.gateway_id, clientToken=token, **wanted
                )
            )
            if answer is None:
                return Step(what, "busy")
            note.target_id = answer["targetId"]
            self._keep(note)
            return Step(what, answer["status"])
        observed = found[0]
        if note.target_id != observed["targetId"]:
            note.target_id = observed["targetId"]
            self._keep(note)
        if observed["status"] in calls.BUSY:
            return Step(what, observed["status"])
        if observed["status"] != calls.READY:
            self._give_up(note, what, observed, calls.reasons(observed), None)
        return None

    def _rule(self, note: CanaryRecord) -> Step | None:
        control, wanted = self._control, parts.rule_of(self._weight)
        found = parts.rules_of(control, note)
        if not found:
            every = calls.list_rules(control, note.gateway_id)
            self._keep(note)
            token = names.client_token(
                *("canary", note.execution, note.gateway_id, self._weight, str(note.rule_id))
            )
            answer = self._made(
                lambda: control.create_gateway_rule(
                    gatewayIdentifier=note.gateway_id,
                    clientToken=token,
                    priority=parts.free_priority(every),
                    **wanted,
                )
            )
            what = f"the canary's rule of gateway {note.gateway_id}"
            if answer is None:
                return Step(what, "busy")
            note.rule_id = answer["ruleId"]
            self._keep(note)
            return Step(what, answer["status"])
        rule = found[0]
        what = rule_label(note.gateway_id, rule["ruleId"])
        if note.rule_id != rule["ruleId"]:
            note.rule_id = rule["ruleId"]
            self._keep(note)
        if rule["status"] != _ACTIVE:
            return Step(what, rule["status"])
        if parts.weight_of(rule) != self._weight:
            self._keep(note)
            taken = self._attempt(
                lambda: control.update_gateway_rule(
                    gatewayIdentifier=note.gateway_id, ruleId=rule["ruleId"], **wanted
                )
            )
            return Step(what, "UPDATING" if taken else "busy")
        if note.weight != self._weight:
            now = int(time.time())
            note.weight, note.shifted_at = self._weight, now
            note.begun_at = note.begun_at or now
            self._keep(note, last=True)
        return None

    def _give_up(
        self, note: CanaryRecord, what: str, observed: dict[str, Any], reason: Any, act: Any
    ) -> Step:
        # What failed before this canary began is no failure of it.
        stale = act is not None and observed["status"] in ("CREATE_FAILED", "DELETE_FAILED")
        if stale and note.tries == 0:
            note.tries += 1
            self._keep(note)
            act()
            return Step(what, "DELETING")
        told = " ".join(str(reason or "AgentCore gives no reason").split())
        raise CanaryFailedError(
            f"{what} is {observed['status']}: {told}; all calls go to version {note.live_version}; fix the cause "
            "and provision again"
        )

    def _clear_endpoint(self) -> None:
        candidate.clear(self._control, str(self._runtime.id))

    def _attempt(self, call: Any) -> bool:
        try:
            call()
        except ClientError as error:
            if agentcore.is_conflict(error):
                return False
            raise
        return True

    def _made(self, call: Any) -> dict[str, Any] | None:
        """The answer of a create; None when AgentCore is busy."""
        try:
            answer: dict[str, Any] = call()
        except ClientError as error:
            if agentcore.is_conflict(error):
                return None
            raise
        return answer

    def _keep(self, note: CanaryRecord, *, last: bool = False, **changes: Any) -> None:
        environment, execution = self._event.request.environment, self._event.execution
        self._records.update(environment, execution, last=last, canary=note, **changes)

    def _result(self, report: CanaryReport, *, done: bool) -> ShiftedTraffic:
        return ShiftedTraffic(**looks.looked(self._event, done=done), canary=report)
