"""A rollback keeps the gateway that is there, and so does the fleet's next rebuild after it."""

from __future__ import annotations

from typing import Any

from lifecycle.request.model import parse_request
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.rollback.restore import restore_version
from tests.functions.lifecycle.gateway.front import ON, Front


def version(text: str, *, gateway: bool) -> dict[str, Any]:
    return {"runtime": {"description": text}, **(ON if gateway else {})}


def failed_after_live_moved(front: Front, name: str, *, gateway: bool) -> None:
    """A provision that failed between the promotion and the gateway; its request is in the record."""
    front.world.provision(name, version(name, gateway=gateway))
    front.world.begin(name)
    asked = front.world.request.to_json() | {"gateway": ON["gateway"] if gateway else None}
    front.world.records.update("dev", front.world.execution, request=asked)
    front.world.records.release("dev", front.world.execution)


def roll_back(front: Front) -> Any:
    front.world.begin_rollback("back")
    front.world.loop(restore_version)
    front.world.prove()
    front.world.loop(promote_version)
    return front.world.record()


def test_a_failed_provision_that_dropped_the_gateway(front: Front) -> None:
    front.provision("one", version("one", gateway=True))
    front.world.records.release("dev", front.world.execution)
    failed_after_live_moved(front, "two", gateway=False)
    record = roll_back(front)
    assert record.gateway is not None
    kept = parse_request(ON).to_json()["gateway"]
    assert record.request["gateway"] == record.proven_request["gateway"] == kept


def test_a_failed_provision_that_added_a_gateway(front: Front) -> None:
    front.world.provision("one", version("one", gateway=False))
    failed_after_live_moved(front, "two", gateway=True)
    record = roll_back(front)
    assert record.gateway is None
    assert record.request["gateway"] is None
    assert record.proven_request["gateway"] is None
