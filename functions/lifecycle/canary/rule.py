"""Make the rule that splits the calls of `live`, or give it another weight; it is recorded before it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lifecycle import names
from lifecycle.canary import parts
from lifecycle.canary.attempts import unless_busy
from lifecycle.gateway.removal import rule_label
from lifecycle.gateway.step import Step
from lifecycle.sections.canary import CanaryRecord, RuleAttempt

_ACTIVE = "ACTIVE"


class RuleMaker:
    """Does the next step for the rule.

    Args:
        control: AgentCore's control plane.
        note: The canary's section of the record.
        keep: Writes the canary's section.
    """

    def __init__(self, control: Any, note: CanaryRecord, keep: Callable[..., None]) -> None:
        self._control, self._note, self._keep = control, note, keep

    def step(self, weight: int) -> Step | None:
        """Make the rule, or give it another weight; None when it is active with that."""
        control, note, wanted = self._control, self._note, parts.rule_of(weight)
        every = parts.rules_there(control, note)
        found = parts.own_rules(every, note)
        if not found:
            return self._create(every, weight)
        rule = found[0]
        what = rule_label(note.gateway_id, rule["ruleId"])
        if note.rule_id != rule["ruleId"] or note.rule_attempt is not None:
            note.rule_id, note.rule_attempt = rule["ruleId"], None
            self._keep(note)
        if rule["status"] != _ACTIVE:
            return Step(what, rule["status"])
        if parts.weight_of(rule) != weight:
            self._keep(note)
            answer = unless_busy(
                lambda: control.update_gateway_rule(
                    gatewayIdentifier=note.gateway_id, ruleId=rule["ruleId"], **wanted
                )
            )
            return Step(what, "busy" if answer is None else "UPDATING")
        return None

    def _create(self, every: list[dict[str, Any]], weight: int) -> Step:
        """Create the rule; one whose answer was lost is asked for as it was, so that there is no second one."""
        note, begun = self._note, self._note.rule_attempt
        taken = {rule["priority"] for rule in every}
        # A rule that is not the canary's has the priority: the create was refused.
        if begun is None or begun.priority in taken:
            begun = self._begin(parts.free_priority(every), weight)
            note.rule_id, note.rule_attempt = None, begun
        create = partial(
            self._control.create_gateway_rule,
            gatewayIdentifier=note.gateway_id,
            clientToken=begun.token,
            priority=begun.priority,
            **parts.rule_of(begun.weight),
        )
        self._keep(note)
        answer = unless_busy(create)
        what = parts.rule_label_of(note)
        if answer is None:
            return Step(what, "busy")
        note.rule_id, note.rule_attempt = answer["ruleId"], None
        self._keep(note)
        return Step(what, answer["status"])

    def _begin(self, priority: int, weight: int) -> RuleAttempt:
        """Another create than the one before it, or than that of a rule which was deleted since."""
        note, former = self._note, self._note.rule_attempt
        before = former.token if former is not None else str(note.rule_id)
        token = names.client_token(
            "canary", note.execution, note.gateway_id, priority, weight, before
        )
        return RuleAttempt(token=token, priority=priority, weight=weight)
