"""The history of promotions: noted when a promotion ends, with everything that a rollback needs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.promotions.entry import By, Promoted, free_slot, with_newest
from lifecycle.promotions.store import PromotionItems, Provisioned
from lifecycle.record import Record, now
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.rollback import as_provision
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.rollback.candidate import (
    endpoint_under_test,
    identity_of,
    provisioned_with,
)
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord

# What may change of an identity while callers sign in as before, and of a request while it asks for the same.
_CHANGING = ("secretArns", "secretVersion", "taggedAt", "wait")


class History:
    """Notes a promotion. A version that is promoted again, with nothing new about it, is not noted again.

    Args:
        event: The stage's event.
        clients: DynamoDB.
        table_name: The environments table.
        record: The environment's record.
        runtime: Its runtime section.
        version: The version that is promoted.
    """

    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        table_name: str,
        record: Record,
        runtime: RuntimeRecord,
        version: str,
    ) -> None:
        self._execution = event.execution
        self._is_rollback = event.request.action == "rollback"
        self._automatic = event.automatic
        self._record, self._runtime_id, self._version = record, str(runtime.id), version
        self._items = PromotionItems(clients.dynamodb, table_name)
        then = self._then(event, runtime)
        self.identity: IdentityRecord | None = (
            identity_of(then, record.identity, runtime.live_identity) if then else record.identity
        )
        request = as_provision(event.request)
        if self._is_rollback:
            # A rollback says nothing of what delivers logs and traces, so a later rebuild keeps it.
            request["observability"] = bool((record.request or {}).get("observability"))
            # It keeps the gateway that is there, which a failed provision may have asked for otherwise.
            request["gateway"] = _gateway(record, self.identity)
        made_of = then or self._asked_for(event)
        if made_of and "smokeTest" in made_of.request:
            # What a rollback is asked otherwise is for this once; a later rebuild asks what the version was made with.
            request["smokeTest"] = made_of.request["smokeTest"]
        self._provisioned = Provisioned(
            request=request,
            identity=_plain(self.identity),
            artifact=then.artifact if then else _plain(record.artifact),
        )
        self.is_new = not self._is_noted()

    def note(self) -> dict[str, Any]:
        """Write the promotion's item if it is new; only while the record has the call (see `lifecycle.fence`).

        Returns:
            What the record has to say of it, for `Records.update`.
        """
        request = self._provisioned.request
        # What is tested and provisioned again after a rollback is what live serves.
        changes: dict[str, Any] = (
            {"request": request, "proven_request": request} if self._is_rollback else {}
        )
        if not self.is_new:
            return changes
        promoted = Promoted(
            version=self._version,
            runtime_id=self._runtime_id,
            promoted_at=now(),
            execution=self._execution,
            slot=free_slot(self._record.promotions),
            digest=self._digest(),
            by=self._by(),
        )
        self._items.write(self._record.environment, promoted, self._provisioned)
        return changes | {"promotions": with_newest(self._record.promotions, promoted)}

    def _by(self) -> By:
        if not self._is_rollback:
            return "provision"
        return "autoRollback" if self._automatic else "rollback"

    def _then(self, event: StageEvent, runtime: RuntimeRecord) -> Provisioned | None:
        """What the version was provisioned with, if this execution did not do it."""
        mine = [one for one in self._record.promotions if one.runtime_id == self._runtime_id]
        if endpoint_under_test(runtime, event.execution) == CANDIDATE_ENDPOINT:
            return provisioned_with(self._items, self._record.environment, mine, self._version)
        if event.request.action != "rollback":
            return None
        # Noted by an earlier call of this execution, or provisioned by it.
        return self._items.of_version(self._record.environment, mine, self._version)

    def _asked_for(self, event: StageEvent) -> Provisioned | None:
        """What the version that a rollback makes anew was provisioned with."""
        version = event.request.version
        if version is None:
            return None
        environment, promotions = self._record.environment, self._record.promotions
        return self._items.of_version(environment, promotions, version)

    def _is_noted(self) -> bool:
        newest = self._record.promotions[-1] if self._record.promotions else None
        return (
            newest is not None
            and (newest.runtime_id, newest.version) == (self._runtime_id, self._version)
            and newest.digest == self._digest()
        )

    def _digest(self) -> str:
        parts = (self._provisioned.request, self._provisioned.identity or {})
        lasting = [
            {name: value for name, value in part.items() if name not in _CHANGING} for part in parts
        ]
        return names.digest([self._runtime_id, self._version, *lasting, self._provisioned.artifact])


def _gateway(record: Record, identity: IdentityRecord | None) -> dict[str, Any] | None:
    """What a request says that is to keep the gateway of an environment."""
    if record.gateway is None:
        return None
    if record.gateway.mcp is not None:
        return record.gateway.mcp.asked
    only = identity is not None and identity.only_gateway is not None
    return Gateway(type="runtime", only=only).model_dump(mode="json", by_alias=True)


def _plain(section: BaseModel | None) -> dict[str, Any] | None:
    return section.model_dump(mode="json", by_alias=True, exclude_none=True) if section else None
