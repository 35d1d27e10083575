"""Faults hit the calls they are meant for, as often as planned."""

from __future__ import annotations

from typing import Any

import pytest

from local.gateway.faults import GATEWAY_KINDS, Fault, FaultPlan


def test_a_fault_is_used_up() -> None:
    plan = FaultPlan()
    fault = plan.add(Fault("dynamodb", "PutItem", "throttle", times=2))
    for left in (1, 0):
        taken = plan.take("dynamodb", "PutItem", GATEWAY_KINDS)
        assert taken is not None
        assert taken.id == fault.id
        assert [f.times for f in plan.list()] == ([left] if left else [])
    assert plan.take("dynamodb", "PutItem", GATEWAY_KINDS) is None


def test_zero_times_lasts_until_cleared() -> None:
    plan = FaultPlan()
    fault = plan.add(Fault("*", "*", "serverError", times=0))
    assert all(plan.take("s3", "GetObject", GATEWAY_KINDS) for _ in range(5))
    plan.clear(fault.id)
    assert plan.take("s3", "GetObject", GATEWAY_KINDS) is None


@pytest.mark.parametrize(
    ("service", "operation", "kinds", "caller"),
    [
        ("s3", "PutItem", GATEWAY_KINDS, "A"),
        ("dynamodb", "GetItem", GATEWAY_KINDS, "A"),
        ("dynamodb", None, GATEWAY_KINDS, "A"),
        ("dynamodb", "PutItem", {"failureState"}, "A"),
        ("dynamodb", "PutItem", GATEWAY_KINDS, "B"),
        ("dynamodb", "PutItem", GATEWAY_KINDS, None),
    ],
)
def test_other_calls_are_left_alone(
    service: str, operation: str | None, kinds: set[str], caller: str | None
) -> None:
    plan = FaultPlan()
    plan.add(Fault("dynamodb", "PutItem", "conflict", caller="A"))
    assert plan.take(service, operation, kinds, caller) is None
    assert plan.take("dynamodb", "PutItem", GATEWAY_KINDS, "A") is not None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"service": "s3", "operation": "*"}, "kind"),
        ({"service": "s3", "operation": "*", "kind": "explode"}, "explode"),
        ({"service": "s3", "operation": "*", "kind": "throttle", "often": 1}, "often"),
        ({"service": "s3", "operation": "*", "kind": "throttle", "times": "1"}, "times"),
        ({"service": "s3", "operation": "*", "kind": "throttle", "times": -1}, "times"),
        ({"service": "s3", "operation": "*", "kind": "throttle", "seconds": -1}, "seconds"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault.from_dict(values)


def test_a_fault_survives_the_wire() -> None:
    fault = Fault("lambda", "Invoke", "crashAfter", reason="power", seconds=1.5, caller="F")
    assert Fault.from_dict(fault.as_dict()) == fault
