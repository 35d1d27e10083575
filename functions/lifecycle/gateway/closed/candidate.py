"""The gateway's target for the version under test: made before the smoke test, removed after the promotion."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.doors.lock import CANDIDATE_TARGET
from lifecycle.errors import GatewayError
from lifecycle.gateway import calls
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.removal import target_label
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import Wanted, target_to
from lifecycle.runtime import agentcore
from lifecycle.runtime.comparison import covered

_WRITTEN = "candidate"


class CandidateTarget:
    """Does the next step for the target.

    Args:
        control: AgentCore's control plane.
        wanted: How everything must be.
        ledger: The gateway section of the record.
        gateway_id: The gateway, which is ready.
    """

    def __init__(
        self, control: Any, wanted: Wanted, ledger: GatewayLedger, gateway_id: str
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._ledger = ledger
        self._gateway_id = gateway_id
        self._what = target_label(gateway_id, CANDIDATE_TARGET)

    def step(self, endpoint: str) -> Step | None:
        """Do the next step towards a target that leads to an endpoint; one that leads elsewhere is replaced.

        Args:
            endpoint: DEFAULT, or `candidate` for a rollback.

        Raises:
            GatewayError: AgentCore failed to make what this execution asked for.
        """
        wanted = target_to(self._wanted, CANDIDATE_TARGET, endpoint)
        observed = self._find()
        if observed is None:
            return self._create(wanted)
        status = observed["status"]
        if status in calls.BUSY:
            return Step(self._what, status)
        mine = self._ledger.mine
        if status != calls.READY and _WRITTEN in mine.written:
            # A redrive must try again, not report this failure again.
            mine.written.remove(_WRITTEN)
            self._ledger.save(last=True)
            raise GatewayError(
                f"{self._what} is {status}: {calls.reasons(observed)}; fix the cause and retry the execution"
            )
        if status == calls.READY and (_WRITTEN in mine.written or covered(wanted, observed)):
            return None
        return self._delete(observed)

    def clear(self) -> Step | None:
        """Do the next step towards no such target; None when there is none."""
        section = self._ledger.section
        if not section.candidate_begun:
            return None
        observed = self._find()
        if observed is not None:
            return self._delete(observed)
        if section.candidate_id is not None:
            section.candidate_begun, section.candidate_id = False, None
        # Else an answer was lost, and the list may not show yet what it was about: the next deployment looks again.
        return None

    def _create(self, wanted: dict[str, Any]) -> Step:
        ledger = self._ledger
        token = names.client_token(
            "candidate", ledger.execution, self._gateway_id, ledger.section.candidate_id, wanted
        )
        # Before the call, whose answer may be lost. A teardown removes every target of the gateway.
        ledger.section.candidate_begun = True
        ledger.save()
        try:
            answer = self._control.create_gateway_target(
                gatewayIdentifier=self._gateway_id, clientToken=token, **wanted
            )
        except ClientError as error:
            if agentcore.is_conflict(error):
                return Step(self._what, "busy")
            raise
        ledger.section.candidate_id = answer["targetId"]
        ledger.mine.written = [*ledger.mine.written, _WRITTEN]
        ledger.save(last=True)
        return Step(self._what, answer["status"])

    def _delete(self, observed: dict[str, Any]) -> Step:
        if observed["status"] != "DELETING":
            ledger = self._ledger
            ledger.mine.written = [part for part in ledger.mine.written if part != _WRITTEN]
            ledger.save()
            which = {"gatewayIdentifier": self._gateway_id, "targetId": observed["targetId"]}
            calls.attempt_deletion(lambda: self._control.delete_gateway_target(**which))
        return Step(self._what, "DELETING")

    def _find(self) -> dict[str, Any] | None:
        """Read the recorded target, or else the one that has the name: the list lags behind creates and deletes."""
        recorded = self._ledger.section.candidate_id
        observed = self._get(recorded) if recorded is not None else None
        if observed is not None and observed["name"] == CANDIDATE_TARGET:
            return observed
        for item in calls.list_targets(self._control, self._gateway_id):
            if item["name"] == CANDIDATE_TARGET and item["targetId"] != recorded:
                named = self._get(item["targetId"])
                if named is not None:
                    return named
        return None

    def _get(self, target_id: str) -> dict[str, Any] | None:
        return calls.get_target(self._control, self._gateway_id, target_id)
