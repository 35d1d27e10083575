"""A part of the failure matrix, spread over all of it; `make matrix` runs the whole."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.embedded.conftest import Execution
from tests.matrix.cell_run import Ended, judge
from tests.matrix.cells import Call, Cell, cells_of
from tests.matrix.report import figures, table

ROOT = Path(__file__).parents[2]
SCENARIO, CELLS = "provision", "10"
CREATE = Cell("provision", "DeployRuntimeFunction", "s3", "PutObject", "accessDenied")


def ended(status: str, error: str | None = None, cause: str | None = None) -> str:
    run = Execution(arn="", status=status, output={}, error=error, cause=cause, history=[])
    return judge(CREATE, run, unhit=False)[0]


def test_only_what_the_service_declares_goes_wrong() -> None:
    calls = [
        Call("provision", "F", "dynamodb", "UpdateItem"),
        Call("provision", "F", "secretsmanager", "GetRandomPassword"),
    ]
    found = cells_of(calls)
    kinds = {
        operation: {cell.kind for cell in found if cell.operation == operation}
        for operation in ("UpdateItem", "GetRandomPassword", "Invoke")
    }
    both = {"throttle", "serverError", "timeoutBefore", "timeoutAfter", "accessDenied"}
    assert kinds["UpdateItem"] == both | {"conflict", "notFound"}
    assert kinds["GetRandomPassword"] == both
    assert kinds["Invoke"] == {"crashBefore", "crashAfter", "functionTimeout"}
    assert found == cells_of(reversed(calls)), "the order is fixed"


def test_an_event_that_has_started_its_execution_already_is_no_failure() -> None:
    found = cells_of([Call("trigger", "F", "stepfunctions", "StartExecution")])
    assert {"throttle", "timeoutAfter"} < {cell.kind for cell in found}
    assert "conflict" not in {cell.kind for cell in found}


def test_what_a_function_has_not_met_comes_first() -> None:
    calls = [
        Call(scenario, "F", "dynamodb", operation)
        for scenario in ("provision", "rebuild", "teardown")
        for operation in ("GetItem", "UpdateItem")
    ]
    planned = [(cell.operation, cell.kind) for cell in cells_of(calls)]
    once = set(planned)
    assert len(planned) == 3 * len(once)
    assert set(planned[: len(once)]) == once


@pytest.mark.parametrize(
    ("status", "error", "cause", "end"),
    [
        ("SUCCEEDED", None, None, "succeeded"),
        ("FAILED", "AwsCallError", "PutObject: AccessDenied: no", "failed"),
        ("FAILED", "AwsCallError", "something went wrong", "not allowed"),
        ("FAILED", "States.TaskFailed", "PutObject: AccessDenied: no", "not allowed"),
        ("FAILED", "States.Runtime", "", "not allowed"),
    ],
)
def test_an_execution_succeeds_or_names_the_operation(
    status: str, error: str | None, cause: str | None, end: str
) -> None:
    assert ended(status, error, cause) == end


@pytest.mark.parametrize(
    ("scenario", "function", "cause"),
    [
        (
            "compensation",
            "RecordFailureFunction",
            "expected /never said/ (and the teardown failed: LockLostError: lost)",
        ),
        (
            "auto-rollback",
            "PrepareRollbackFunction",
            "the rollback failed, too; no answer; the rollback ended with LockLostError: lost",
        ),
    ],
)
def test_a_lock_that_is_said_to_be_lost_is_left_to_its_holder_and_told(
    scenario: str, function: str, cause: str
) -> None:
    wrong = Cell(scenario, function, "dynamodb", "UpdateItem", "conflict")
    run = Execution("", "FAILED", {}, "SmokeTestError", cause, [])
    assert judge(wrong, run, unhit=False)[0] == "failed"
    assert judge(replace(wrong, kind="throttle"), run, unhit=False)[0] == "not allowed"


def test_a_compensation_that_fails_must_name_the_operation_too() -> None:
    wrong = Cell(
        "compensation", "DeleteRuntimeFunction", "logs", "DescribeLogGroups", "accessDenied"
    )
    meant = "expected /never said/"
    ends = [
        judge(wrong, Execution("", "FAILED", {}, "SmokeTestError", cause, []), unhit=False)[0]
        for cause in (
            meant,
            f"{meant} (and the teardown failed: AwsCallError: DescribeLogGroups: no)",
            f"{meant} (and the teardown failed: AwsCallError: no)",
        )
    ]
    assert ends == ["succeeded", "failed", "not allowed"]


@pytest.mark.parametrize("kind", ["throttle", "timeoutAfter", "crashAfter"])
def test_what_passes_by_itself_must_not_fail_an_execution(kind: str) -> None:
    run = Execution("", "FAILED", {}, "AwsCallError", "PutObject: Throttling: no", [])
    assert judge(replace(CREATE, operation="PutObject", kind=kind), run, unhit=False)[0] == (
        "not allowed"
    )


def test_the_figures_name_what_is_not_allowed() -> None:
    results = {CREATE: Ended("not allowed", "left: {'pools': ['x']}", 1.0)}
    assert f"not allowed: {CREATE.id}: left: {{'pools': ['x']}}" in figures(results, 1.0)
    assert table(results, "kind", ("a", "b", "c", "d")).splitlines()[2:] == [
        "| `provision` | 0 | 0 | 0 | 1 |",
        "| `accessDenied` | 0 | 0 | 0 | 1 |",
        "| 1 | 0 | 0 | 0 | 1 |",
    ]


@pytest.mark.embedded
def test_a_part_of_the_matrix(tmp_path: Path) -> None:
    command = ["-m", "tests.matrix", "--lanes", "1", "--scenario", SCENARIO, "--sample", CELLS]
    command += ["--file", str(tmp_path / "matrix.jsonl")]
    run = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert f"cells {CELLS}," in run.stdout
