"""The calls that make, change and remove a target of an MCP gateway; each is recorded before it is made."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.doors.mcp import McpRecord
from lifecycle.gateway import calls
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.mcp.wanted import McpWanted, part_of
from lifecycle.gateway.removal import target_label
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import whole
from lifecycle.runtime import agentcore


class TargetWrites:
    """Makes the calls; for the arguments see `McpTargets`."""

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

    def create(self, name: str) -> Step:
        """Begin to make a target."""
        ledger, wanted, part = self._ledger, self._wanted.targets[name].wanted, part_of(name)
        if name in self._mcp.targets and part in ledger.section.deployed:
            ledger.repair(f"the gateway's target {name} was deleted")
        token = names.client_token(
            *("target", ledger.execution, self._gateway_id),
            *(self._mcp.targets.get(name), wanted),
        )
        what = target_label(self._gateway_id, name)
        # If the answer is lost, a later request that drops the target must still know of it.
        is_first = name not in self._mcp.begun
        self._mcp.begin(name)
        ledger.intend("updated")
        try:
            answer = self._control.create_gateway_target(
                gatewayIdentifier=self._gateway_id, clientToken=token, **wanted
            )
        except ClientError as error:
            if agentcore.is_conflict(error):
                return Step(what, "busy")
            if is_first and calls.is_refused_value(error):
                self._mcp.refused(name)
                ledger.save(last=True)
            raise
        self._mcp.made(name, answer["targetId"])
        ledger.wrote(part)
        return Step(what, answer["status"])

    def update(self, name: str, observed: dict[str, Any], what: str) -> Step:
        """Begin to change a target; one that AgentCore does not change so is replaced."""
        wanted = self._wanted.targets[name].wanted
        parameters = whole(self._control, "UpdateGatewayTarget", wanted, observed)
        if "credentialProviderConfigurations" not in wanted:
            parameters.pop("credentialProviderConfigurations", None)
        parameters |= {"gatewayIdentifier": self._gateway_id, "targetId": observed["targetId"]}
        self._ledger.intend("updated")
        try:
            taken = calls.attempt_update(lambda: self._control.update_gateway_target(**parameters))
        except ClientError as error:
            # AgentCore may not see the gateway's role, or its policy, yet: the target that is there stays.
            if calls.is_refused_value(error) and not calls.is_about_role(error):
                return self.replace(name, observed, what)
            raise
        if not taken:
            return Step(what, "busy")
        self._ledger.wrote(part_of(name))
        return Step(what, "UPDATING")

    def replace(self, name: str, observed: dict[str, Any], what: str) -> Step:
        """Begin to remove a target that cannot be what is wanted; the next calls create another, which is no drift."""
        self._ledger.section.deployed.pop(part_of(name), None)
        self._ledger.intend("updated")
        self.delete(observed["targetId"])
        return Step(what, "DELETING")

    def delete(self, target_id: str) -> None:
        """Begin to remove a target."""
        which = {"gatewayIdentifier": self._gateway_id, "targetId": target_id}
        calls.attempt_deletion(lambda: self._control.delete_gateway_target(**which))
