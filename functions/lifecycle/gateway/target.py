"""Make the gateway's target, or repair what differs: one step in a call."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.doors.address import GATEWAY_TARGET
from lifecycle.doors.section import TARGET_PART
from lifecycle.gateway import calls
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.removal import target_label
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import Wanted, whole
from lifecycle.runtime import agentcore


class TargetConverger:
    """Does the next step for the target of a gateway.

    Args:
        control: AgentCore's control plane.
        wanted: How everything must be.
        ledger: Where changes are recorded before they are made.
        gateway_id: The gateway, which is ready.
    """

    def __init__(
        self, control: Any, wanted: Wanted, ledger: GatewayLedger, gateway_id: str
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._ledger = ledger
        self._gateway_id = gateway_id

    def step(self) -> tuple[Step | None, dict[str, Any]]:
        """Do the next step.

        Returns:
            The step, None when the target is ready and as it must be; and the target, empty when there is none.

        Raises:
            GatewayError: What this execution changed has failed.
        """
        observed = self._find()
        if observed is None:
            return self._create(), {}
        return self._converge(observed), observed

    def _converge(self, observed: dict[str, Any]) -> Step | None:
        target_id = observed["targetId"]
        what = target_label(self._gateway_id, observed["name"])
        section, status = self._ledger.section, observed["status"]
        if section.target_id != target_id:
            section.target_id = target_id
            section.deployed.pop(TARGET_PART, None)
        if status in calls.BUSY:
            return Step(what, status)
        if status != calls.READY:
            self._ledger.refuse_own_failure(what, observed, TARGET_PART)
        if status == "FAILED":
            return self._replace(observed, what)
        if not self._wanted.is_same_kind(observed):
            self._ledger.note_drift([TARGET_PART], observed)
            return self._replace(observed, what)
        differs = self._wanted.target_differs(observed, section)
        if status == calls.READY and TARGET_PART in self._ledger.mine.written:
            differs = False
        self._ledger.note_drift([TARGET_PART] if differs else [], observed)
        if differs or status != calls.READY:
            return self._update(observed, what)
        return None

    def _find(self) -> dict[str, Any] | None:
        """Read the recorded target, or else the one that has the name: the list lags behind creates and deletes."""
        recorded = self._ledger.section.target_id
        observed = self._get(recorded) if recorded is not None else None
        if observed is not None and observed["name"] == GATEWAY_TARGET:
            return observed
        for item in calls.list_targets(self._control, self._gateway_id):
            if item["name"] == GATEWAY_TARGET and item["targetId"] != recorded:
                named = self._get(item["targetId"])
                if named is not None:
                    return named
        return observed

    def _get(self, target_id: str) -> dict[str, Any] | None:
        return calls.get_target(self._control, self._gateway_id, target_id)

    def _create(self) -> Step:
        ledger, wanted = self._ledger, self._wanted.target
        section = ledger.section
        if section.target_id is not None and TARGET_PART in section.deployed:
            ledger.repair("the gateway's target was deleted")
        token = names.client_token(
            "target", ledger.execution, self._gateway_id, section.target_id, wanted
        )
        what = target_label(self._gateway_id, wanted["name"])
        ledger.intend("updated")
        try:
            answer = self._control.create_gateway_target(
                gatewayIdentifier=self._gateway_id, clientToken=token, **wanted
            )
        except ClientError as error:
            if agentcore.is_conflict(error):
                return Step(what, "busy")
            raise
        ledger.wrote(TARGET_PART, target_id=answer["targetId"])
        return Step(what, answer["status"])

    def _update(self, observed: dict[str, Any], what: str) -> Step:
        parameters = whole(self._control, "UpdateGatewayTarget", self._wanted.target, observed)
        parameters |= {"gatewayIdentifier": self._gateway_id, "targetId": observed["targetId"]}
        self._ledger.intend("updated")
        try:
            taken = calls.attempt_update(lambda: self._control.update_gateway_target(**parameters))
        except ClientError as error:
            # AgentCore may not see the gateway's role, or its policy, yet: the target that is there stays.
            if calls.is_refused_value(error) and not calls.is_about_role(error):
                return self._replace(observed, what)
            raise
        if not taken:
            return Step(what, "busy")
        self._ledger.wrote(TARGET_PART)
        return Step(what, "UPDATING")

    def _replace(self, observed: dict[str, Any], what: str) -> Step:
        """Begin to remove a target that cannot be what is wanted; the next calls create another, which is no drift."""
        self._ledger.section.deployed.pop(TARGET_PART, None)
        self._ledger.intend("updated")
        which = {"gatewayIdentifier": self._gateway_id, "targetId": observed["targetId"]}
        calls.attempt_deletion(lambda: self._control.delete_gateway_target(**which))
        return Step(what, "DELETING")
