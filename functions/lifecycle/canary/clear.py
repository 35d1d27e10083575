"""Clear the canary: remove its rule, then its target, then its endpoint; all calls of `live` go to `live` again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lifecycle.canary import parts
from lifecycle.canary.parts import CANARY_TARGET
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import WaitTimeoutError
from lifecycle.gateway import calls, looks
from lifecycle.gateway.removal import rule_label, target_label
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.record import Record
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.runtime import agentcore
from lifecycle.runtime.rollback import candidate
from lifecycle.sections.canary import CanaryRecord
from lifecycle.settings import Settings
from lifecycle.table import Records

# The wait between them grows: together they take longer than a list usually lags.
_LOOKS = 5


class ClearedCanary(Polled):
    """What `clear_canary` returns.

    Attributes:
        repaired: What an earlier execution left behind and is removed now, one phrase each.
    """

    repaired: list[str]


def clear_canary(event: StageEvent, *, clients: Clients = CLIENTS) -> ClearedCanary:
    """Remove what splits the calls, in an order in which no call meets what is gone. Called until done.

    Args:
        event: The stage's event; the deadline is the removal's.
        clients: DynamoDB and AgentCore.

    Returns:
        Whether all of it is gone. It is done at once when the record lists no canary.

    Raises:
        WaitTimeoutError: The deadline passed; the record still lists the canary.
    """
    settings = Settings.load()
    environment = event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(environment, event.execution)
    if record.canary is None:
        return ClearedCanary(**looks.looked(event, done=True), repaired=[])
    return _Clearing(event, clients.agentcore_control, records, record, record.canary).clear()


class _Clearing:
    def __init__(
        self,
        event: StageEvent,
        control: Any,
        records: Records,
        record: Record,
        note: CanaryRecord,
    ) -> None:
        self._event = event
        self._control = control
        self._records = records
        self._runtime_id = record.runtime.id if record.runtime else None
        self._note = note

    def clear(self) -> ClearedCanary:
        left = self._rules() or self._targets() or self._endpoint()
        if left is None:
            self._save(None)
            return self._result(done=True)
        if looks.is_last(self._event):
            raise WaitTimeoutError(
                f"{left} was still there after {looks.seconds(self._event)} s; the record still lists the canary: "
                "provision, roll back or tear down, which removes it"
            )
        return self._result(done=False)

    def _rules(self) -> str | None:
        control, note = self._control, self._note
        left = None
        for rule in parts.own_rules(parts.rules_there(control, note), note):
            left = rule_label(note.gateway_id, rule["ruleId"])
            which = {"gatewayIdentifier": note.gateway_id, "ruleId": rule["ruleId"]}
            self._delete(left, rule, partial(control.delete_gateway_rule, **which))
        return left or self._unlisted_rule()

    def _unlisted_rule(self) -> str | None:
        """A rule may be there whose id nobody knows, and that the list does not show yet."""
        note, attempt = self._note, self._note.rule_attempt
        if attempt is None or attempt.looks >= _LOOKS:
            return None
        attempt.looks += 1
        self._save(note)
        return parts.rule_label_of(note)

    def _targets(self) -> str | None:
        control, note = self._control, self._note
        left = None
        for target in parts.targets_of(control, note):
            left = target_label(note.gateway_id, target["name"])
            which = {"gatewayIdentifier": note.gateway_id, "targetId": target["targetId"]}
            if note.target_looks is not None:
                # It was seen: from now on its id tells whether it is gone.
                note.target_id, note.target_looks = target["targetId"], None
                self._save(note)
            self._delete(left, target, partial(control.delete_gateway_target, **which))
        return left or self._unlisted_target()

    def _unlisted_target(self) -> str | None:
        """As for the rule."""
        note = self._note
        if note.target_looks is None or note.target_looks >= _LOOKS:
            return None
        note.target_looks += 1
        self._save(note)
        return target_label(note.gateway_id, CANARY_TARGET)

    def _endpoint(self) -> str | None:
        if self._runtime_id is None:
            return None
        observed = agentcore.get_endpoint(self._control, self._runtime_id, CANDIDATE_ENDPOINT)
        if observed is None:
            return None
        left = f"endpoint {CANDIDATE_ENDPOINT} of {self._runtime_id}"
        clear = partial(candidate.clear, self._control, self._runtime_id)
        self._delete(left, observed, clear)
        return left

    def _delete(self, what: str, observed: dict[str, Any], delete: Callable[[], Any]) -> None:
        if observed["status"] == "DELETING":
            return
        note = self._note
        if note.execution != self._event.execution:
            phrase = f"{what} was left behind by a canary that did not end"
            if phrase not in note.repaired:
                note.repaired.append(phrase)
                self._save(note)
        calls.attempt_deletion(delete)

    def _save(self, note: CanaryRecord | None) -> None:
        environment, execution = self._event.request.environment, self._event.execution
        self._records.update(environment, execution, last=note is None, canary=note)

    def _result(self, *, done: bool) -> ClearedCanary:
        polled = looks.looked(self._event, done=done)
        return ClearedCanary(**polled, repaired=list(self._note.repaired))
