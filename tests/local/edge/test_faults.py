"""Faults hit the calls they are meant for, as often as planned."""

from __future__ import annotations

import math
from typing import Any

import pytest

from local.edge.faults import (
    FAULT_KINDS,
    GATEWAY_KINDS,
    STATE_OPERATIONS,
    Fault,
    FaultPlan,
    ImpossibleFaultError,
    UnknownFaultError,
)
from local.edge.operations import Operations


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
        ({"service": "s3", "operation": "*", "kind": "throttle", "seconds": math.nan}, "seconds"),
        ({"service": "s3", "operation": "*", "kind": "throttle", "seconds": math.inf}, "seconds"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault.from_dict(values)


def test_a_fault_survives_the_wire() -> None:
    fault = Fault("lambda", "Invoke", "crashAfter", reason="power", seconds=1.5, caller="F")
    assert Fault.from_dict(fault.as_dict()) == fault


CONTROL = "bedrock-agentcore-control"


@pytest.mark.parametrize(
    ("service", "operation", "kind", "says"),
    [
        ("foo", "*", "throttle", "no service foo; a service has its name in boto3"),
        ("dynamodbb", "*", "throttle", "no service dynamodbb; did you mean dynamodb or "),
        ("agentcore", "*", "throttle", "did you mean bedrock-agentcore or bedrock-agentcore-"),
        ("states", "*", "throttle", "no service states; did you mean stepfunctions?"),
        ("foo", "*", "crashBefore", "no service foo"),
        (
            "bedrock-agentcore",
            "invokeagentruntimewithwebsocket",
            "throttle",
            "did you mean InvokeAgentRuntimeWithWebSocketStream?",
        ),
        (CONTROL, "CreateAgentRuntim", "throttle", "did you mean CreateAgentRuntime or "),
        ("cognito-idp", "createuserpool", "throttle", "did you mean CreateUserPool, "),
        ("s3", "Nonsense", "throttle", "s3 has no operation Nonsense; it has AbortMultipartUpload"),
        ("*", "PutObject", "throttle", "PutObject needs its service"),
        ("s3", "PutObject", "failureState", f"failureState is for {CONTROL}'s CreateGateway,"),
        (CONTROL, "GetAgentRuntime", "failureState", "or DeleteAgentRuntimeEndpoint, not for"),
        ("*", "PutObject", "delayedState", "not for [*] PutObject"),
        ("lambda", "ListFunctions", "crashAfter", "crashAfter is for lambda's Invoke, not for"),
        ("dynamodb", "*", "functionTimeout", "functionTimeout is for lambda's Invoke, not for"),
    ],
)
def test_a_fault_that_could_never_hit_is_refused_with_what_is_allowed(
    service: str, operation: str, kind: Any, says: str
) -> None:
    plan = FaultPlan()
    with pytest.raises(ImpossibleFaultError, match=says):
        plan.add(Fault(service, operation, kind, seconds=1.0))
    assert plan.list() == []


@pytest.mark.parametrize(
    ("service", "operation", "kind"),
    [
        *(("*", "*", kind) for kind in FAULT_KINDS),
        *((CONTROL, operation, "failureState") for operation in ("*", *STATE_OPERATIONS)),
        ("*", "DeleteAgentRuntime", "delayedState"),
        (CONTROL, "GetAgentRuntime", "throttle"),
        ("lambda", "Invoke", "crashAfter"),
        ("lambda", "*", "functionTimeout"),
        ("*", "Invoke", "crashBefore"),
        ("s3", "*", "conflict"),
    ],
)
def test_what_can_hit_can_be_planned(service: str, operation: str, kind: Any) -> None:
    plan = FaultPlan()
    fault = plan.add(Fault(service, operation, kind, seconds=1.0))
    assert plan.list() == [fault]


def test_the_operations_that_begin_a_state_are_the_services_own() -> None:
    model = Operations().service(CONTROL)
    assert model is not None
    assert set(STATE_OPERATIONS) <= set(model.operation_names)


@pytest.mark.parametrize("seconds", [None, 0])
def test_a_delay_of_no_time_is_refused(seconds: float | None) -> None:
    with pytest.raises(ImpossibleFaultError, match="delayedState needs seconds"):
        FaultPlan().add(Fault(CONTROL, "CreateAgentRuntime", "delayedState", seconds=seconds))


@pytest.mark.parametrize(
    ("kind", "caller", "says"),
    [
        ("crashBefore", "DeployRuntimFunction", "no function .*did you mean DeployRuntimeFunction"),
        ("crashBefore", "root", "no function root; there are DeployRuntimeFunction$"),
        ("throttle", "nobody", "no caller nobody; there are DeployRuntimeFunction, root; the name"),
    ],
)
def test_a_fault_for_a_caller_that_is_not_there_is_refused(
    kind: Any, caller: str, says: str
) -> None:
    plan = FaultPlan()
    plan.callers = lambda: {"DeployRuntimeFunction": "function", "root": "root", "R": "role"}
    with pytest.raises(ImpossibleFaultError, match=says):
        plan.add(Fault("lambda", "Invoke", kind, caller=caller))
    plan.add(Fault("lambda", "Invoke", kind, caller="DeployRuntimeFunction"))
    plan.add(Fault("lambda", "*", "throttle", caller="root"))
    plan.add(Fault("lambda", "*", "throttle", caller="R"))


def test_a_state_has_no_caller() -> None:
    with pytest.raises(ImpossibleFaultError, match="failureState has no caller"):
        FaultPlan().add(Fault(CONTROL, "*", "failureState", caller="root"))


def test_only_what_is_planned_can_be_cleared() -> None:
    plan = FaultPlan()
    with pytest.raises(UnknownFaultError, match=r"no fault nope is planned .* planned: none"):
        plan.clear("nope")
    fault = plan.add(Fault("s3", "*", "throttle"))
    with pytest.raises(UnknownFaultError, match=f"planned: {fault.id}"):
        plan.clear("nope")
    assert plan.list() == [fault]
