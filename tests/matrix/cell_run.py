"""Run one cell, and judge how it ends."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from lifecycle import errors
from tests.embedded.conftest import Execution, Lifecycle
from tests.matrix.cells import Call, Cell
from tests.matrix.scenarios import SCENARIOS, Scenario, Stage

End = Literal["succeeded", "failed", "not hit", "not allowed"]
ENDS: tuple[End, ...] = ("succeeded", "failed", "not hit", "not allowed")


@dataclass(frozen=True)
class Ended:
    """How a cell ended.

    Attributes:
        end: `succeeded`: after a retry, or as if nothing had been. `failed`: with an error of ours and a cause that
            names the operation. `not hit`: the call was not made this time. `not allowed`: anything else.
        why: What happened, for a person.
        seconds: How long it took, the teardown included.
    """

    end: End
    why: str
    seconds: float


def calls_of(stage: Stage, scenario: Scenario) -> list[Call]:
    """The calls that a scenario's functions make when nothing goes wrong."""
    name = _new_name()
    scenario.prepare(stage, name)
    before = len(stage.lifecycle.aws.calls.calls())
    scenario.act(stage, name)
    made = stage.lifecycle.aws.calls.calls()[before:]
    assert _left(stage, name) == ""
    return sorted(
        {
            Call(scenario.name, call.caller.name, call.service, str(call.operation))
            for call in made
            if call.caller is not None and call.caller.name in scenario.functions
        }
    )


def run_cell(stage: Stage, cell: Cell) -> Ended:
    """Run the cell's scenario in an environment of its own, disturbed, and tear the environment down."""
    scenario, name = SCENARIOS[cell.scenario], _new_name()
    faults = stage.lifecycle.aws.faults
    began = time.monotonic()
    scenario.prepare(stage, name)
    fault = faults.add(cell.fault())
    try:
        run = scenario.act(stage, name)
        unhit = fault.times != 0 and any(left.id == fault.id for left in faults.list())
    finally:
        faults.clear()
    end, why = judge(cell, run, unhit=unhit)
    left = _left(stage, name)
    if left:
        end, why = "not allowed", f"{left} (the execution: {why})"
    return Ended(end, why, round(time.monotonic() - began, 1))


def judge(cell: Cell, run: Execution, *, unhit: bool) -> tuple[End, str]:
    """Judge how the execution itself ended: its end, and what it said.

    Args:
        cell: What went wrong.
        run: The execution.
        unhit: Whether the call was not made, so that nothing went wrong.
    """
    said = f"{run.status} {run.error}: {run.cause}"[:600]
    # The compensation's own error is what it is about.
    meant = cell.scenario == "compensation" and run.error == "SmokeTestError"
    if run.status == "SUCCEEDED" or (meant and "never said" in str(run.cause)):
        return ("not hit" if unhit else "succeeded"), said
    if not issubclass(getattr(errors, str(run.error), object), errors.LifecycleError):
        return "not allowed", f"no error of ours: {said}"
    if (cell.service, cell.kind, run.error) == ("dynamodb", "conflict", "LockLostError"):
        # A condition that is not true is how DynamoDB says that another execution holds the lock.
        return "failed", said
    if cell.service != "lambda" and cell.operation not in str(run.cause):
        return "not allowed", f"the cause does not name {cell.operation}: {said}"
    return "failed", said


def _left(stage: Stage, name: str) -> str:
    """Tear down, and say what is left then; empty if nothing is."""
    lifecycle = stage.lifecycle
    if lifecycle.record(name) is not None:
        removed = stage.teardown(name)
        if removed.status != "SUCCEEDED":
            return f"the teardown failed: {removed.error}: {removed.cause}"
    left = lifecycle.leftovers(name)
    return f"left: {left}" if left else ""


def _new_name() -> str:
    return f"m{uuid.uuid4().hex[:10]}"


def stage_of(aws: Any) -> Stage:
    """What the scenarios share on a local AWS."""
    return Stage.of(Lifecycle(aws))
