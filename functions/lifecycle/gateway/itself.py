"""Make the gateway itself, or repair what differs: one step in a call."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.doors.section import AUTHORIZER_PART, ROLE_PART
from lifecycle.entry import refused_call
from lifecycle.errors import ServiceUnavailableError
from lifecycle.gateway import calls
from lifecycle.gateway.finding import find_gateway, refuse_foreign
from lifecycle.gateway.ledger import GatewayLedger, adopt
from lifecycle.gateway.removal import GatewayRemover, RemovalNotes, gateway_label
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import Wanted, whole
from lifecycle.runtime import agentcore


class GatewayConverger:
    """Does the next step for the gateway, without its target.

    Args:
        control: AgentCore's control plane.
        wanted: How everything must be.
        ledger: Where changes are recorded before they are made.
        stack: The stack's name.
        environment: Which environment.
    """

    def __init__(
        self, control: Any, wanted: Wanted, ledger: GatewayLedger, stack: str, environment: str
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._ledger = ledger
        self._stack = stack
        self._environment = environment

    def step(self) -> tuple[Step | None, dict[str, Any] | None]:
        """Do the next step.

        Returns:
            The step, None when the gateway is ready and as it must be; and the gateway, None when there is none.

        Raises:
            GatewayError: What this execution changed has failed, or somebody else's gateway has the name.
            ServiceUnavailableError: The name is in use, but no such gateway is listed yet, or not yet with its tags.
        """
        section, wanted = self._ledger.section, self._wanted
        observed, foreign = find_gateway(
            *(self._control, section.id, wanted.name, self._stack, self._environment),
            intended=section.is_intended,
        )
        if observed is None and foreign:
            refuse_foreign(foreign[0], wanted.name, self._stack, self._environment)
        if observed is None:
            return self._create(), None
        adopt(self._control, self._ledger, observed, wanted.tags)
        section = self._ledger.section
        what, status = gateway_label(observed["gatewayId"]), observed["status"]
        if status in calls.BUSY:
            return Step(what, status), observed
        if status != calls.READY:
            self._ledger.refuse_own_failure(what, observed, AUTHORIZER_PART, ROLE_PART)
        if status == "FAILED":
            # It cannot be updated. The next calls remove it, and then create another.
            return self._remove(observed), None
        if observed.get("protocolType") != wanted.gateway.get("protocolType"):
            # The targets of one kind of gateway are not those of the other.
            return self._remove(observed), None
        different = wanted.gateway_differences(observed, section)
        if status == calls.READY:
            # What was written just now and comes back in another form is AgentCore's own form. The gate decides.
            different = [part for part in different if part not in self._ledger.mine.written]
        self._ledger.note_drift(different, observed)
        self._write_tags(observed)
        if different or status != calls.READY:
            return self._update(observed), observed
        return None, observed

    def _create(self) -> Step:
        wanted, ledger = self._wanted, self._ledger
        section = ledger.section
        if section.id is not None and section.deployed:
            ledger.repair("the gateway was deleted")
        # The token includes the gateway before, so that one that was deleted is created again.
        token = names.client_token(
            *("gateway", ledger.execution, self._environment),
            *(section.id, wanted.gateway, wanted.tags),
        )
        section.deployed, section.target_id, section.url = {}, None, None
        section.candidate_begun, section.candidate_id = False, None
        ledger.intend("created")
        try:
            answer = self._control.create_gateway(
                **wanted.gateway, tags=wanted.tags, clientToken=token
            )
        except ClientError as error:
            if not agentcore.is_conflict(error):
                raise
            # The answer to an earlier create was lost, and the gateway is not listed yet. A retry finds and adopts it,
            # or names it if it is somebody else's.
            raise ServiceUnavailableError(
                f"the gateway name {wanted.name} is in use ({refused_call(error)}), but no such gateway is listed yet; "
                "the lifecycle retries this step"
            ) from error
        ledger.wrote(
            *(AUTHORIZER_PART, ROLE_PART),
            id=answer["gatewayId"],
            arn=answer["gatewayArn"],
            tags=wanted.tags,
        )
        return Step(gateway_label(answer["gatewayId"]), answer["status"])

    def _update(self, observed: dict[str, Any]) -> Step:
        wanted, ledger, gateway_id = self._wanted, self._ledger, observed["gatewayId"]
        what = gateway_label(gateway_id)
        parameters = whole(self._control, "UpdateGateway", wanted.gateway, observed)
        ledger.intend("updated")
        try:
            taken = calls.attempt_update(
                lambda: self._control.update_gateway(gatewayIdentifier=gateway_id, **parameters)
            )
        except ClientError as error:
            kind = wanted.gateway["authorizerType"]
            if observed["authorizerType"] != kind and calls.keeps_authorizer_type(error):
                return self._remove(observed)
            raise
        if not taken:
            return Step(what, "busy")
        ledger.wrote(AUTHORIZER_PART, ROLE_PART)
        return Step(what, "UPDATING")

    def _remove(self, observed: dict[str, Any]) -> Step:
        """Begin to remove a gateway that cannot be what is wanted; the one after it is no drift."""
        self._ledger.section.deployed = {}
        self._ledger.intend("updated")
        remover = GatewayRemover(self._control, RemovalNotes())
        remover.remove(observed)
        return Step(remover.left[-1], "DELETING")

    def _write_tags(self, observed: dict[str, Any]) -> None:
        section, wanted = self._ledger.section, self._wanted.tags
        before, arn = section.tags, observed["gatewayArn"]
        obsolete = [key for key in before if key not in wanted]
        missing = agentcore.write_tags(self._control, arn, wanted, obsolete)
        if missing and before == wanted:
            self._ledger.repair(f"tags of the gateway were changed: {', '.join(missing)}")
        if (missing or obsolete) and self._ledger.mine.change == "unchanged":
            self._ledger.mine.change = "updated"
        section.tags = wanted
