"""Run one cell, and judge how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from lifecycle import errors
from tests.embedded.conftest import Execution
from tests.matrix.cells import FUNCTION_KINDS, Call, Cell
from tests.matrix.scenarios import SCENARIOS, STATES, Scenario
from tests.matrix.stage import Stage, new_name

End = Literal["succeeded", "failed", "not hit", "not allowed"]
ENDS: tuple[End, ...] = ("succeeded", "failed", "not hit", "not allowed")


@dataclass(frozen=True)
class Ended:
    """How a cell ended.

    Attributes:
        end: `succeeded`: after a retry, or as if nothing had been. `failed`: with an error of ours and a cause that
            names the operation, for what does not pass by itself. `not hit`: the call was not made this time.
            `not allowed`: anything else.
        why: What happened, for a person.
        seconds: How long it took, its own teardown apart.
    """

    end: End
    why: str
    seconds: float


@dataclass(frozen=True)
class Life:
    """A cell's end, and the environment that is there then.

    Attributes:
        ended: How the cell ended; of one that failed this is not the whole truth before its environment is removed.
        environment: The environment's name; None if none is left.
        settles: In how many seconds the environment may be used or removed.
    """

    ended: Ended
    environment: str | None
    settles: float = 0.0


# The scenarios whose own error is what they are about, and what its cause says.
_MEANT = {"compensation": "never said", "auto-rollback": "rolled back from 2 to 1"}
# What passes by itself: every retry that it needs is made, so the execution succeeds.
_PASSES = frozenset({"throttle", "serverError", "timeoutBefore", "timeoutAfter", *FUNCTION_KINDS})
# How a cause tells that another execution holds the lock, where the error is the smoke test's.
_LOST = ("the teardown failed: LockLostError", "the rollback ended with LockLostError")


def calls_of(stage: Stage, scenario: Scenario) -> list[Call]:
    """The calls that a scenario's functions make when nothing goes wrong."""
    name = new_name()
    STATES[scenario.before](stage, name)
    before = time.time()
    run = scenario.act(stage, name)
    made = stage.lifecycle.aws.calls.calls(since=before)
    expected = "FAILED" if scenario.name in _MEANT else "SUCCEEDED"
    assert run.status == expected, (run.error, run.cause)
    assert _odd(stage, scenario, name) == ""
    assert stage.remove(name) == ""
    return sorted(
        {
            Call(scenario.name, call.caller.name, call.service, str(call.operation))
            for call in made
            if call.caller is not None and call.caller.name in scenario.functions
        }
    )


def run_cell(stage: Stage, cell: Cell, name: str, *, new: bool) -> Life:
    """Run the cell's scenario, disturbed.

    Args:
        stage: The local AWS.
        cell: What goes wrong.
        name: The environment.
        new: Whether it is still to be made; else it is in the state that the scenario needs.
    """
    began = time.monotonic()
    scenario, aws = SCENARIOS[cell.scenario], stage.lifecycle.aws
    if new:
        STATES[scenario.before](stage, name)
    before = time.time()
    fault = aws.faults.add(cell.fault())
    try:
        run = scenario.act(stage, name)
        if fault.times == 0:
            calls = aws.calls.calls(cell.service, cell.operation, cell.function)
            unhit = not set(map(id, calls)) & set(map(id, aws.calls.calls(since=before)))
        else:
            unhit = any(left.id == fault.id for left in aws.faults.list())
    finally:
        aws.faults.clear()
    end, why = judge(cell, run, unhit=unhit)
    passed = end in ("succeeded", "not hit")
    if passed and not _is_anothers(cell) and (odd := _odd(stage, scenario, name)):
        end, why = "not allowed", f"{odd} (the execution: {why})"
    ended = Ended(end, why, round(time.monotonic() - began, 1))
    if not scenario.after and end in ("succeeded", "not hit"):
        return Life(ended, None)
    settles = stage.settles_in(name)
    if settles and end not in ("succeeded", "not hit") and stage.strays(name):
        # Other environments must not be blamed for what lies there: no other runs before it is removed.
        time.sleep(settles)
        settles = 0.0
    return Life(ended, name, settles)


def _is_anothers(cell: Cell) -> bool:
    """Whether the last stage was told that the lock is another's: that one's record and lock are rightly left alone."""
    told = ("ReportOutcomeFunction", "dynamodb", "conflict")
    return (cell.function, cell.service, cell.kind) == told


def _odd(stage: Stage, scenario: Scenario, name: str) -> str:
    """What is not as it must be after the scenario succeeded; empty if all is."""
    if scenario.after:
        return stage.odd(name)
    left = stage.lifecycle.leftovers(name)
    return f"left: {left}" if left else ""


def judge(cell: Cell, run: Execution, *, unhit: bool) -> tuple[End, str]:
    """Judge how the execution itself ended: its end, and what it said.

    Args:
        cell: What went wrong.
        run: The execution.
        unhit: Whether the call was not made, so that nothing went wrong.
    """
    said = f"{run.status} {run.error}: {run.cause}"[:600]
    cause = str(run.cause)
    meant = run.error == "SmokeTestError" and cell.scenario in _MEANT
    done = _MEANT.get(cell.scenario, "") in cause and "the teardown failed" not in cause
    if run.status == "SUCCEEDED" or (meant and done):
        return ("not hit" if unhit else "succeeded"), said
    if not issubclass(getattr(errors, str(run.error), object), errors.LifecycleError):
        return "not allowed", f"no error of ours: {said}"
    lost = run.error == "LockLostError" or any(told in cause for told in _LOST)
    if lost and (cell.service, cell.kind) == ("dynamodb", "conflict"):
        # A condition that is not true is how DynamoDB says that another execution holds the lock.
        return "failed", said
    if cell.service != "lambda" and cell.operation not in cause:
        return "not allowed", f"the cause does not name {cell.operation}: {said}"
    if cell.kind in _PASSES:
        return "not allowed", f"it was not retried to its end: {said}"
    return "failed", said
