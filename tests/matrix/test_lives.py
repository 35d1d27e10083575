"""Which cell runs on which environment, who is blamed for what is left, and how a run goes on where it ended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from lifecycle.stages import STAGES, TRIGGERS
from tests.matrix.cell_run import End, Ended, Life
from tests.matrix.cells import FUNCTION_KINDS, Call, Cell, cells_of
from tests.matrix.lives import Lives
from tests.matrix.plan import Plan
from tests.matrix.progress import Progress
from tests.matrix.scenarios import SCENARIOS, STATES


def cell(scenario: str, operation: str = "GetItem") -> Cell:
    return Cell(scenario, SCENARIOS[scenario].functions[0], "dynamodb", operation, "throttle")


class Scripted:
    """A lane whose cells end as told, and on which something is left of some environments."""

    def __init__(
        self,
        ends: Iterable[End],
        left: Iterable[str] = (),
        settles: float = 0,
        worn_after: int | None = None,
    ) -> None:
        self._ends = list(ends)
        self._left = set(left)
        self._settles = settles
        self.asked: list[tuple[str, str | None]] = []
        self.removed: list[str] = []
        self._worn_after = worn_after

    @property
    def is_worn(self) -> bool:
        return len(self.asked) == self._worn_after

    def renew(self) -> None:
        self.asked.append(("a new local AWS", None))

    def run(self, cell: Cell, environment: str | None) -> Life:
        self.asked.append((cell.scenario, environment))
        end = self._ends.pop(0)
        name = environment or f"new-{len(self.asked)}"
        stays = bool(SCENARIOS[cell.scenario].after) or end in ("failed", "not allowed")
        return Life(Ended(end, "said", 1.0), name if stays else None, self._settles)

    def remove(self, environment: str) -> str:
        self.removed.append(environment)
        return "left: a pool" if environment in self._left else ""


def lived(lane: Scripted, *cells: Cell) -> list[tuple[str, End]]:
    reported: list[tuple[str, End]] = []
    plan = Plan(cells)
    Lives(lane, plan, lambda cell, ended: reported.append((cell.scenario, ended.end))).serve()  # type: ignore[arg-type]
    return reported


def test_a_cell_that_succeeds_leaves_its_environment_for_the_next() -> None:
    lane = Scripted(["succeeded"] * 4)
    cells = [cell(name) for name in ("teardown", "switch-from-jwt", "switch-to-jwt", "provision")]
    assert lived(lane, *cells) == [
        ("provision", "succeeded"),
        ("teardown", "succeeded"),
        ("switch-from-jwt", "succeeded"),
        ("switch-to-jwt", "succeeded"),
    ]
    assert lane.asked == [
        ("provision", None),
        ("teardown", "new-1"),
        ("switch-from-jwt", None),
        ("switch-to-jwt", "new-3"),
    ]
    assert lane.removed == ["new-3"], "what is there at the end goes"


def test_a_cell_that_fails_is_told_after_its_environment_is_removed_and_nobody_uses_that() -> None:
    lane = Scripted(["failed", "succeeded"])
    assert lived(lane, cell("provision"), cell("teardown")) == [
        ("provision", "failed"),
        ("teardown", "succeeded"),
    ]
    assert lane.asked == [("provision", None), ("teardown", None)]
    assert lane.removed == ["new-1"]


@pytest.mark.parametrize("end", ["failed", "succeeded"])
def test_what_is_left_is_the_fault_of_the_last_cell(end: End) -> None:
    lane = Scripted([end], left=["new-1"])
    assert lived(lane, cell("provision"))[-1] == ("provision", "not allowed")


def test_a_call_that_a_used_environment_does_not_need_is_tried_on_a_new_one() -> None:
    lane = Scripted(["succeeded", "not hit", "not hit"])
    assert lived(lane, cell("provision"), cell("rebuild")) == [
        ("provision", "succeeded"),
        ("rebuild", "not hit"),
    ]
    assert lane.asked == [("provision", None), ("rebuild", "new-1"), ("rebuild", None)]


def test_an_environment_with_a_call_that_was_cut_off_is_not_used_before_that_has_ended() -> None:
    lane = Scripted(["succeeded", "succeeded"], settles=0.2)
    lived(lane, cell("provision"), cell("teardown"))
    assert lane.asked == [("provision", None), ("teardown", None)]


def test_a_lane_that_has_run_many_cells_goes_on_with_a_new_local_aws() -> None:
    lane = Scripted(["succeeded"] * 2, worn_after=1)
    lived(lane, cell("provision"), cell("rebuild"))
    assert lane.asked == [("provision", None), ("a new local AWS", None), ("rebuild", None)]
    assert lane.removed == ["new-1", "new-3"]


def test_a_lane_is_not_renewed_when_no_cell_is_left() -> None:
    lane = Scripted(["succeeded"], worn_after=1)
    lived(lane, cell("provision"))
    assert lane.asked == [("provision", None)]
    assert lane.removed == ["new-1"]


def test_every_function_dies_in_every_way_in_some_scenario() -> None:
    planned = cells_of(
        Call(name, function, "dynamodb", "GetItem")
        for name, scenario in SCENARIOS.items()
        for function in scenario.functions
    )
    found = {(one.function, one.kind) for one in planned if one.service == "lambda"}
    every = [*(stage.function for stage in STAGES), *(trigger.function for trigger in TRIGGERS)]
    assert found == {(function, kind) for function in every for kind in FUNCTION_KINDS}


def test_every_state_of_a_scenario_can_be_made() -> None:
    used = {state for one in SCENARIOS.values() for state in (one.before, one.after)}
    assert used == set(STATES)


def test_a_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "matrix.jsonl"
    first = Progress(file, resume=True)
    first.keep_calls([Call("provision", "F", "dynamodb", "GetItem")])
    first.end(cell("provision"), Ended("failed", "why", 2.0))
    first.end(cell("rebuild"), Ended("succeeded", "", 1.0))
    first.end(cell("rebuild"), Ended("not allowed", "left", 1.0))

    second = Progress(file, resume=True)
    assert second.calls == first.calls
    assert {one.scenario: end.end for one, end in second.ended.items()} == {
        "provision": "failed",
        "rebuild": "not allowed",
    }
    assert second.forget("not allowed") == {cell("rebuild")}
    assert list(second.ended) == [cell("provision")]
    second.end(cell("rebuild"), Ended("succeeded", "", 1.0))
    assert Progress(file, resume=True).ended[cell("rebuild")].end == "succeeded"
    assert Progress(file, resume=False).ended == {}
