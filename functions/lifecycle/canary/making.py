"""Make what a canary needs: its endpoint, its target and its rule; each is recorded before it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.canary import parts
from lifecycle.canary.parts import CANARY_TARGET
from lifecycle.errors import CanaryFailedError
from lifecycle.gateway import calls
from lifecycle.gateway.removal import rule_label, target_label
from lifecycle.gateway.step import Step
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.runtime import agentcore, endpoints
from lifecycle.runtime.comparison import covered
from lifecycle.runtime.rollback import candidate
from lifecycle.sections.canary import CanaryRecord, RuleAttempt
from lifecycle.sections.runtime import RuntimeRecord

_ACTIVE = "ACTIVE"


class Maker:
    """Does the next step for each of them.

    Args:
        control: AgentCore's control plane.
        runtime: The runtime's section of the record.
        note: The canary's section of the record.
        keep: Writes the canary's section, and other sections by name.
        tags: The tags of the endpoint; a target and a rule have none.
        by_role: The gateway calls the runtime with its own role.

    Raises:
        CanaryFailedError: AgentCore failed to make one of them.
    """

    def __init__(
        self,
        control: Any,
        runtime: RuntimeRecord,
        note: CanaryRecord,
        keep: Callable[..., None],
        tags: dict[str, str],
        *,
        by_role: bool = False,
    ) -> None:
        self._control, self._runtime, self._note = control, runtime, note
        self._keep = keep
        self._tags, self._by_role = tags, by_role

    def endpoint(self) -> Step | None:
        """Make the endpoint, or move it to the version; None when it serves it."""
        control, note, runtime_id = self._control, self._note, str(self._runtime.id)
        what = f"endpoint {CANDIDATE_ENDPOINT} of {runtime_id}"
        observed = agentcore.get_endpoint(control, runtime_id, CANDIDATE_ENDPOINT)
        if agentcore.serves(observed, note.version):
            return None
        status = observed["status"] if observed else None
        if status in agentcore.BUSY:
            return Step(what, str(status))
        if observed is not None and status in agentcore.FAILED:
            clear = partial(candidate.clear, control, runtime_id)
            return self._give_up(note, what, observed, observed.get("failureReason"), clear)
        # Recorded before the endpoint exists. One that an earlier rollback left behind belongs to the canary now.
        self._runtime.candidate = None
        self._keep(note, runtime=self._runtime)
        stamp = str(observed["lastUpdatedAt"]) if observed else note.tries
        token = names.client_token("canary", note.execution, runtime_id, note.version, stamp)
        given = (control, runtime_id, CANDIDATE_ENDPOINT, note.version, token)
        if observed is None:
            taken = _attempt(lambda: endpoints.create(*given, self._tags))
        else:
            taken = _attempt(lambda: endpoints.move(*given))
        return Step(what, "CREATING" if taken else "busy")

    def target(self) -> Step | None:
        """Make the second target; None when it is ready."""
        control, note = self._control, self._note
        what = target_label(note.gateway_id, CANARY_TARGET)
        gateway = calls.get_gateway(control, note.gateway_id) or {}
        kind = str(gateway.get("authorizerType"))
        wanted = parts.target_of(str(self._runtime.arn), kind, by_role=self._by_role)
        found = parts.targets_of(control, note)
        if not found:
            if note.target_id is not None:
                note.tries += 1
            self._keep(note)
            # Another target before it, such as one that was deleted by hand, gives another token.
            token = names.client_token("canary", note.execution, note.gateway_id, note.tries)
            answer = _made(
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
        if observed["status"] in calls.BUSY:
            return Step(what, observed["status"])
        if note.target_id != observed["targetId"]:
            if observed["status"] != calls.READY or not covered(wanted, observed):
                # Somebody else made it: no call may go where it leads.
                note.tries += 1
                self._keep(note)
                _delete_target(control, note.gateway_id, observed["targetId"])
                return Step(what, "DELETING")
            note.target_id = observed["targetId"]
            self._keep(note)
        if observed["status"] != calls.READY:
            self._give_up(note, what, observed, calls.reasons(observed), None)
        return None

    def rule(self, weight: int) -> Step | None:
        """Make the rule, or give it another weight; None when it is active with that."""
        control, note, wanted = self._control, self._note, parts.rule_of(weight)
        every = parts.rules_there(control, note)
        found = parts.own_rules(every, note)
        if not found:
            return self._create_rule(every, weight)
        rule = found[0]
        what = rule_label(note.gateway_id, rule["ruleId"])
        if note.rule_id != rule["ruleId"] or note.rule_attempt is not None:
            note.rule_id, note.rule_attempt = rule["ruleId"], None
            self._keep(note)
        if rule["status"] != _ACTIVE:
            return Step(what, rule["status"])
        if parts.weight_of(rule) != weight:
            self._keep(note)
            taken = _attempt(
                lambda: control.update_gateway_rule(
                    gatewayIdentifier=note.gateway_id, ruleId=rule["ruleId"], **wanted
                )
            )
            return Step(what, "UPDATING" if taken else "busy")
        return None

    def _create_rule(self, every: list[dict[str, Any]], weight: int) -> Step:
        """Create the rule; one whose answer was lost is asked for as it was, so that there is no second one."""
        note, attempt = self._note, self._note.rule_attempt
        taken = {rule["priority"] for rule in every}
        # A rule that is not the canary's has the priority: the create was refused.
        if attempt is None or attempt.priority in taken:
            former = attempt.token if attempt else note.rule_id
            given = ("canary", note.execution, note.gateway_id, weight, str(former))
            attempt = RuleAttempt(
                token=names.client_token(*given),
                priority=parts.free_priority(every),
                weight=weight,
            )
            note.rule_id, note.rule_attempt = None, attempt
        self._keep(note)
        answer = _made(
            lambda: self._control.create_gateway_rule(
                gatewayIdentifier=note.gateway_id,
                clientToken=attempt.token,
                priority=attempt.priority,
                **parts.rule_of(attempt.weight),
            )
        )
        what = parts.rule_label_of(note)
        if answer is None:
            return Step(what, "busy")
        note.rule_id, note.rule_attempt = answer["ruleId"], None
        self._keep(note)
        return Step(what, answer["status"])

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


def _delete_target(control: Any, gateway_id: str, target_id: str) -> None:
    which = {"gatewayIdentifier": gateway_id, "targetId": target_id}
    calls.attempt_deletion(partial(control.delete_gateway_target, **which))


def _attempt(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if agentcore.is_conflict(error):
            return False
        raise
    return True


def _made(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The answer of a create; None when AgentCore is busy."""
    try:
        return call()
    except ClientError as error:
        if agentcore.is_conflict(error):
            return None
        raise
