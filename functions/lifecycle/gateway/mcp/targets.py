"""Make the targets of an MCP gateway, repair what differs, and remove those that are no longer wanted.

One step in a call: AgentCore changes few targets of a gateway at once, and each is recorded before the next.
"""

from __future__ import annotations

from typing import Any

from lifecycle.doors.mcp import McpRecord
from lifecycle.errors import GatewayError
from lifecycle.gateway import calls
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.mcp.wanted import McpWanted, part_of
from lifecycle.gateway.mcp.writes import TargetWrites
from lifecycle.gateway.removal import target_label
from lifecycle.gateway.step import Step

# Statuses in which AgentCore waits for a person who signs in, which no execution does (botocore's model: TargetStatus).
_PENDING = "_PENDING_AUTH"
# Each takes a removal and a creation: together more than IAM usually needs.
_MOST_TRIES = 4
# Until when a target whose create was not answered may still come. How late the list is, is not documented.
_FORGOTTEN_SECONDS = 3600


class McpTargets:
    """Does the next step for the targets of a gateway.

    Attributes:
        seen: The targets that are ready and as they must be, by name.

    Args:
        control: AgentCore's control plane.
        wanted: How everything must be.
        ledger: Where changes are recorded before they are made.
        mcp: The part of the record about the targets.
        gateway_id: The gateway, which is ready.
    """

    def __init__(
        self,
        control: Any,
        wanted: McpWanted,
        ledger: GatewayLedger,
        mcp: McpRecord,
        gateway_id: str,
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._ledger = ledger
        self._mcp = mcp
        self._gateway_id = gateway_id
        self._writes = TargetWrites(control, wanted, ledger, mcp, gateway_id)
        self.seen: dict[str, dict[str, Any]] = {}

    def step(self) -> Step | None:
        """Do the next step; None when every target is ready and as it must be.

        Raises:
            GatewayError: What this execution changed has failed, or waits for a person.
        """
        for name in sorted(self._mcp.ours - self._wanted.targets.keys()):
            step = self._drop(name)
            if step is not None:
                return step
        for name in self._wanted.targets:
            observed = self._find(name)
            step = self._writes.create(name) if observed is None else self._converge(name, observed)
            if step is not None:
                return step
            self.seen[name] = observed or {}
        return None

    def look(self) -> bool:
        """For a plan: look at every target as it is now, and tell whether one would change."""
        dropped = self._mcp.ours - self._wanted.targets.keys()
        steps = [self._drop(name) for name in sorted(dropped)]
        for name in self._wanted.targets:
            observed = self._find(name)
            steps.append(
                self._writes.create(name) if observed is None else self._converge(name, observed)
            )
        return any(step is not None for step in steps)

    def _drop(self, name: str) -> Step | None:
        """Remove a target that an earlier request had, also one that is only known by its name."""
        observed = self._find(name)
        what = target_label(self._gateway_id, name)
        if observed is None:
            return self._missed(name, what)
        if name in self._mcp.begun:
            # It was seen: from now on its id tells whether it is gone.
            self._mcp.made(name, observed["targetId"])
            self._ledger.save()
        if observed["status"] != "DELETING":
            self._ledger.intend("updated")
            self._writes.delete(observed["targetId"])
        return Step(what, "DELETING")

    def _missed(self, name: str, what: str) -> Step | None:
        """Forget a target that is gone, but not one whose create was not answered and which may only not be listed."""
        if self._mcp.is_begun(name, calls.LISTED_SECONDS):
            return Step(what, "not listed yet")
        listed = calls.list_targets(self._control, self._gateway_id)
        if any(item["name"] == name for item in listed):
            # Either the list lags behind a delete, or AgentCore does not find the target only at the moment.
            return Step(what, "listed")
        # It holds nothing up, and the next execution looks for it again.
        if not self._mcp.is_begun(name, _FORGOTTEN_SECONDS):
            self._mcp.forget(name)
            self._ledger.section.deployed.pop(part_of(name), None)
            self._ledger.save()
        return None

    def _converge(self, name: str, observed: dict[str, Any]) -> Step | None:
        part, target_id = part_of(name), observed["targetId"]
        what = target_label(self._gateway_id, observed["name"])
        section, status = self._ledger.section, observed["status"]
        if self._mcp.targets.get(name) != target_id:
            self._mcp.made(name, target_id)
            section.deployed.pop(part, None)
        if status in calls.BUSY:
            return Step(what, status)
        if status.endswith(_PENDING):
            raise GatewayError(
                f"{what} is {status}: its credential wants a person to sign in, which no execution can; use a "
                "credential that needs none"
            )
        if status != calls.READY and not self._may_heal(name):
            self._ledger.refuse_own_failure(what, observed, part)
        if status == "FAILED":
            return self._writes.replace(name, observed, what)
        if not self._wanted.is_same_kind_of(name, observed):
            self._ledger.note_drift([part], observed)
            return self._writes.replace(name, observed, what)
        differs = self._wanted.differs(name, observed, section)
        if status == calls.READY and part in self._ledger.mine.written:
            # What was written just now and comes back in another form is AgentCore's own form. The gate decides.
            differs = False
        self._ledger.note_drift([part] if differs else [], observed)
        if differs or status != calls.READY:
            return self._writes.update(name, observed, what)
        return None

    def _may_heal(self, name: str) -> bool:
        """Whether AgentCore failed with what was written just now because it may not see the new role yet.

        It asks an MCP server for its tools as soon as the target is made (awslabs/nx-plugin-for-aws#1066).
        """
        ours = self._mcp.role_written == self._ledger.execution
        tries = self._mcp.tries.get(name, 0)
        if not ours or part_of(name) not in self._ledger.mine.written or tries >= _MOST_TRIES:
            return False
        # It is saved with the change that follows.
        self._mcp.tries[name] = tries + 1
        return True

    def _find(self, name: str) -> dict[str, Any] | None:
        """Read the recorded target, or else the one that has the name: the list lags behind creates and deletes."""
        recorded = self._mcp.targets.get(name)
        observed = self._get(recorded) if recorded is not None else None
        if observed is not None and observed["name"] == name:
            return observed
        for item in calls.list_targets(self._control, self._gateway_id):
            if item["name"] == name and item["targetId"] != recorded:
                named = self._get(item["targetId"])
                if named is not None:
                    return named
        return observed

    def _get(self, target_id: str) -> dict[str, Any] | None:
        return calls.get_target(self._control, self._gateway_id, target_id)
