"""What is read of a policy lags behind the lifecycle's own write: that is no drift, and nothing stays open for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from local.agentcore.control.policies import operations
from tests.functions.lifecycle.gateway.front import Front
from tests.functions.lifecycle.gateway.test_closed import loop
from tests.functions.lifecycle.gateway.test_guarded import (
    CLOSED,
    OPEN,
    arn,
    begin,
    close,
    policy,
    provision,
    rights,
)

LONG = 1000


@pytest.fixture(params=["not-found", "empty"])
def late(front: Front, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Front:
    """No read shows a change of the last 1000 seconds."""
    monkeypatch.setattr(operations, "LATE_SECONDS", LONG)
    readings = {"resource-policy-read": "late", "no-resource-policy": request.param}
    front.world.store.readings.change(readings)
    return front


def in_force(late: Front) -> dict[str, Any] | None:
    late.world.store.readings.change({"resource-policy-read": "at-once"})
    found = policy(late)
    late.world.store.readings.change({"resource-policy-read": "late"})
    return found


def to_promotion(late: Front, name: str) -> None:
    """A provision that has closed the runtime before its first version was tested."""
    begin(late, name, CLOSED)
    loop(late, "gateway")
    late.world.deploy()
    late.world.loop(check_runtime)
    loop(late, "candidate")
    late.world.prove()
    late.world.loop(promote_version)


def test_what_an_execution_has_just_written_is_no_drift(late: Front) -> None:
    result = close(late, "one")
    assert (result.repaired, result.gateway.change) == ([], "created")
    written = in_force(late)
    assert written is not None
    late.world.pass_(LONG)
    assert close(late, "two").repaired == []
    assert in_force(late) == written


@pytest.mark.parametrize("what", ["removed", "changed"])
def test_a_drift_that_a_later_execution_finds_is_named_once(late: Front, what: str) -> None:
    close(late, "one")
    written = in_force(late)
    assert written is not None
    late.world.pass_(LONG)
    if what == "removed":
        late.control.delete_resource_policy(resourceArn=arn(late))
    else:
        text = json.dumps(written | {"Statement": written["Statement"][:1]})
        late.control.put_resource_policy(resourceArn=arn(late), policy=text)
    late.world.pass_(LONG)
    assert close(late, "two").repaired == [f"the runtime's resource policy was {what}"]
    assert in_force(late) == written
    late.world.pass_(LONG)
    assert close(late, "three").repaired == []


def test_what_the_execution_never_met_is_a_drift(late: Front) -> None:
    to_promotion(late, "one")
    written = in_force(late)
    assert written is not None
    text = json.dumps(written | {"Statement": written["Statement"][:1]})
    late.control.put_resource_policy(resourceArn=arn(late), policy=text)
    late.world.pass_(LONG)
    result = late.deploy()
    assert result.repaired == ["the runtime's resource policy was changed"]
    assert in_force(late) == written


def test_the_rights_of_the_role_that_iam_shows_late_are_no_drift(front: Front) -> None:
    """The role gets its rights when the runtime is there, and its next look still finds what it was made with."""
    first: list[Any] = []

    def tell(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        if model.name == "GetRolePolicy" and "PolicyDocument" in parsed:
            first.append(parsed["PolicyDocument"])
            parsed["PolicyDocument"] = first[0]

    events = front.world.clients.iam.meta.events
    events.register_last("after-call", tell)
    try:
        assert close(front, "one").repaired == []
    finally:
        events.unregister("after-call", tell)
    assert rights(front)["Effect"] == "Allow"
    assert close(front, "two").repaired == []


def test_a_policy_that_was_deleted_and_is_still_shown_closes_nothing(late: Front) -> None:
    close(late, "one")
    late.world.pass_(LONG)
    provision(late, "two", OPEN)
    assert (in_force(late), policy(late) is None) == (None, False)
    result = close(late, "three")
    assert (result.gateway.only, result.repaired) == (True, [])
    assert in_force(late) is not None
