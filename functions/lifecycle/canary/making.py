"""Make what a canary's rule leads to: its endpoint and its target; each is recorded before it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lifecycle import names
from lifecycle.canary import parts
from lifecycle.canary.attempts import unless_busy
from lifecycle.canary.parts import CANARY_TARGET
from lifecycle.errors import CanaryFailedError
from lifecycle.gateway import calls
from lifecycle.gateway.removal import target_label
from lifecycle.gateway.step import Step
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.runtime import agentcore, endpoints
from lifecycle.runtime.comparison import covered
from lifecycle.runtime.rollback import candidate
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.runtime import RuntimeRecord


class Maker:
    """Does the next step for each of them.

    Args:
        control: AgentCore's control plane.
        runtime: The runtime's section of the record.
        note: The canary's section of the record.
        keep: Writes the canary's section, and other sections by name.
        tags: The tags of the endpoint; a target has none.
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
            answer = unless_busy(lambda: endpoints.create(*given, self._tags))
        else:
            answer = unless_busy(lambda: endpoints.move(*given))
        return Step(what, "busy" if answer is None else "CREATING")

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
            note.target_id, note.target_looks = None, 0
            self._keep(note)
            # Another target before it, such as one that was deleted by hand, gives another token.
            token = names.client_token("canary", note.execution, note.gateway_id, note.tries)
            answer = unless_busy(
                lambda: control.create_gateway_target(
                    gatewayIdentifier=note.gateway_id, clientToken=token, **wanted
                )
            )
            if answer is None:
                return Step(what, "busy")
            note.target_id, note.target_looks = answer["targetId"], None
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
            note.target_id, note.target_looks = observed["targetId"], None
            self._keep(note)
        if observed["status"] != calls.READY:
            self._give_up(note, what, observed, calls.reasons(observed), None)
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


def _delete_target(control: Any, gateway_id: str, target_id: str) -> None:
    which = {"gatewayIdentifier": gateway_id, "targetId": target_id}
    calls.attempt_deletion(partial(control.delete_gateway_target, **which))
