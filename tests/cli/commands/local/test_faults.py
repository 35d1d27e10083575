"""`lifecycle local faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.edge.faults import FaultPlan

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


@pytest.mark.usefixtures("api")
def test_faults_are_planned_listed_and_cleared(
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    plan: FaultPlan,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")  # nothing is cut or folded
    create = ("bedrock-agentcore-control", "CreateAgentRuntime", "failureState")
    assert lifecycle("faults", "add", *create, "--reason", "no [image]") == 0
    crash = ("lambda", "Invoke", "crashAfter", "--caller", "CheckRuntimeFunction", "--times", "2")
    assert lifecycle("faults", "add", *crash) == 0
    first, second = plan.list()
    assert (first.service, first.operation, first.kind) == create
    assert (first.reason, first.times) == ("no [image]", 1)
    assert (second.caller, second.times) == ("CheckRuntimeFunction", 2)
    assert capsys.readouterr().out.split() == [first.id, second.id]

    assert lifecycle("faults", "list") == 0
    _, *listed = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listed] == [
        [first.id, *create, "1", "no", "[image]"],
        [second.id, "lambda", "Invoke", "crashAfter", "2", "CheckRuntimeFunction"],
    ]

    assert lifecycle("faults", "clear", first.id) == 0
    assert plan.list() == [second]
    assert lifecycle("faults", "clear") == 0
    assert plan.list() == []


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "s3", "PutObject", "explode"), "kind is one of throttle"),
        (("add", "s3", "PutObjekt", "throttle"), "did you mean PutObject"),
        (("add", "s3", "*", "throttle", "--seconds", "nan"), "seconds is 0 or more"),
        (("clear", "a/b"), "no fault a/b is planned"),
    ],
)
def test_a_fault_that_cannot_be_is_bad_usage(
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    plan: FaultPlan,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    assert lifecycle("faults", *arguments) == 2
    assert says in capsys.readouterr().err
    assert plan.list() == []
