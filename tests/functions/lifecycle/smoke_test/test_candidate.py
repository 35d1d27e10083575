"""The smoke test of a rollback: the whole gate on `candidate`, as callers of that version sign in."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import SmokeTestError
from lifecycle.promotions.entry import Promoted
from lifecycle.promotions.store import PromotionItems, Provisioned
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import Promotion
from tests.functions.lifecycle.smoke_test.smoke_environment import run

BACK = {"action": "rollback", "version": "2"}


def going_back(smoke: Any, execution: str | None = None, **noted: Any) -> None:
    """Version 3 is live, and an execution has put `candidate` on version 2."""
    world = smoke.world
    execution = execution or world.event().execution
    identity = world.identity
    candidate = Promotion(execution=execution, version="2")
    smoke.deploy(live_version="3", proven_version="3", candidate=candidate)
    smoke.runtime.endpoints["candidate"] = "2"
    one = Promoted(
        version="2",
        runtime_id="x",
        promoted_at="",
        execution="before",
        slot=0,
        digest="digest",
    )
    known = {"identity": identity.model_dump(mode="json", by_alias=True), **noted}
    PromotionItems(smoke.clients.dynamodb, "environments").write(
        "dev", one, Provisioned(request={}, **known)
    )
    # Whatever was provisioned since signs in in another way.
    world.records.update(
        "dev", world.event().execution, identity=IdentityRecord(type="iam"), promotions=[one]
    )


def test_the_whole_gate_asks_the_candidate_as_callers_of_then(password: Any) -> None:
    going_back(password)
    report = run(password, **BACK)
    assert (report.passed, report.endpoint, report.version) == (True, "candidate", "2")
    assert {call.qualifier for call in password.runtime.seen} == {"candidate"}
    assert len(report.checks) > 4
    runtime = password.world.record.runtime
    assert (runtime.proven_version, runtime.live_version) == ("2", "3")


def test_a_candidate_that_fails_is_noted_and_proves_nothing(password: Any) -> None:
    going_back(password)
    with pytest.raises(SmokeTestError):
        run(password, **BACK, smokeTest={"expect": "雪"})
    runtime = password.world.record.runtime
    assert (runtime.failed_version, runtime.proven_version) == ("2", "3")


def test_a_candidate_of_another_execution_is_not_asked(password: Any) -> None:
    """The version of this execution was gone, so it is made anew and is on DEFAULT."""
    identity = password.world.identity
    going_back(password, execution="another")
    password.world.records.update("dev", password.world.event().execution, identity=identity)
    assert run(password, **BACK).endpoint == "DEFAULT"


def test_a_version_whose_identity_is_lost_is_not_tested(password: Any) -> None:
    going_back(password, identity=None)
    with pytest.raises(SmokeTestError, match="no longer says what version 2 was provisioned with"):
        run(password, **BACK)
    assert password.runtime.seen == []


def test_a_candidate_that_fails_by_itself_is_no_way_back_until_another_passes(
    password: Any,
) -> None:
    going_back(password)
    with pytest.raises(SmokeTestError):
        run(password, **BACK, smokeTest={"expect": "雪"})
    record = password.world.record
    assert record.runtime.failed_candidates == ["2"]
    assert record.failed_smoke_test.of_version is True
    run(password, **BACK)
    assert password.world.record.runtime.failed_candidates == []
