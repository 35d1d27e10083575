"""Remove a gateway: rules, then targets, then the gateway, for AgentCore removes none of them with it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.errors import TeardownIncompleteError
from lifecycle.gateway import calls
from lifecycle.runtime.agentcore import is_conflict


class RemovalNotes:
    """Where a removal is noted; this one notes nothing, for a removal that is a part of a deployment."""

    def removes(self, what: str) -> None:
        """Something is about to be deleted."""

    def tried(self, what: str) -> bool:
        """Whether AgentCore has accepted a delete of something: if it fails after that, the removal fails."""
        return False

    def accepted(self, what: str) -> None:
        """AgentCore has accepted a delete."""

    def failed(self, what: str) -> None:
        """The delete failed, so that a redrive may try again."""


class GatewayRemover:
    """Deletes what belongs to a gateway, as far as it can be deleted now.

    Attributes:
        left: What is not gone yet.

    Args:
        control: AgentCore's control plane.
        notes: Where it is noted, before it is done.
        rules: Ids of rules that the record names, whether they are listed or not.
    """

    def __init__(self, control: Any, notes: RemovalNotes, rules: Collection[str] = ()) -> None:
        self._control = control
        self._notes = notes
        self._rules = rules
        self.left: list[str] = []

    def remove(self, observed: dict[str, Any]) -> None:
        """Do the next step.

        Args:
            observed: The answer of `GetGateway`.

        Raises:
            TeardownIncompleteError: AgentCore failed to delete something.
        """
        control, gateway_id = self._control, observed["gatewayId"]
        self.left.append(gateway_label(gateway_id))
        if observed["status"] == "DELETING":
            self._notes.removes(gateway_label(gateway_id))
            return
        # A rule names targets.
        rules = calls.rules_of(control, gateway_id, self._rules)
        for rule in rules:
            which = {"gatewayIdentifier": gateway_id, "ruleId": rule["ruleId"]}
            label = rule_label(gateway_id, rule["ruleId"])
            self._delete(label, rule, partial(control.delete_gateway_rule, **which))
        if rules:
            return
        targets = calls.list_targets(control, gateway_id)
        for target in targets:
            which = {"gatewayIdentifier": gateway_id, "targetId": target["targetId"]}
            self._delete(
                target_label(gateway_id, target["name"]),
                # The list lags: it may tell of a failure before the delete, or of what is gone.
                calls.get_target(control, gateway_id, target["targetId"]),
                partial(control.delete_gateway_target, **which),
            )
        if not targets:
            self.left.pop()
            self._delete(
                gateway_label(gateway_id),
                observed,
                lambda: control.delete_gateway(gatewayIdentifier=gateway_id),
                calls.holds_targets,
            )

    def _delete(
        self,
        what: str,
        observed: dict[str, Any] | None,
        delete: Callable[[], Any],
        is_busy: Callable[[ClientError], bool] = is_conflict,
    ) -> None:
        """Delete one thing, unless that is in progress or done; a failure of a delete of ours is final."""
        self.left.append(what)
        if observed is None:
            return
        if observed["status"] == "DELETING":
            self._notes.removes(what)
            return
        if observed["status"] == "FAILED" and self._notes.tried(what):
            self._notes.failed(what)
            raise TeardownIncompleteError(
                f"{what} could not be deleted: {calls.reasons(observed)}; fix the cause and retry the teardown; "
                "the record still lists it"
            )
        self._notes.removes(what)
        if calls.attempt_deletion(delete, is_busy):
            self._notes.accepted(what)


def would_remove(control: Any, gateway_id: str) -> list[str]:
    """What a removal would delete, for a dry run."""
    rules = [rule_label(gateway_id, rule["ruleId"]) for rule in calls.rules_of(control, gateway_id)]
    targets = [
        target_label(gateway_id, target["name"])
        for target in calls.list_targets(control, gateway_id)
    ]
    return [*rules, *targets, gateway_label(gateway_id)]


def gateway_label(gateway_id: str) -> str:
    """What a gateway is called in the output."""
    return f"gateway {gateway_id}"


def target_label(gateway_id: str, name: str) -> str:
    """What a target is called in the output."""
    return f"target {name} of gateway {gateway_id}"


def rule_label(gateway_id: str, rule_id: str) -> str:
    """What a rule is called in the output."""
    return f"rule {rule_id} of gateway {gateway_id}"
