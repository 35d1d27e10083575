"""A lane with a local AWS of its own, and the lives of the environments on it.

An execution that succeeds leaves the environment for the next cell that needs one in its state, so that most cells are
one execution. Each cell is judged alone all the same: before the environment is used again it must hold one of each
resource, all of them in its record, and no lock. One that fails is torn down, and then nothing may be left.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.matrix.cell_run import Ended, Life
from tests.matrix.cells import Call, Cell
from tests.matrix.plan import Plan
from tests.matrix.scenarios import SCENARIOS


class ScenarioError(Exception):
    """A scenario fails although nothing goes wrong."""


# A local AWS keeps the history of each execution, and answers more slowly the more it keeps.
_CELLS_OF_ONE = 150


class Lane:
    """A local AWS in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cells = 0
        self._start()

    @property
    def is_worn(self) -> bool:
        """Whether it has run so many cells that a new local AWS is quicker."""
        return self._cells >= _CELLS_OF_ONE

    def renew(self) -> None:
        """Go on with a new local AWS, on which no environment is."""
        self.close()
        shutil.rmtree(self._folder)
        self._cells = 0
        self._start()

    def _start(self) -> None:
        folder = self._folder
        folder.mkdir(parents=True)
        with (folder / "errors.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.matrix.lane", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._log = folder / "errors.log"

    def trace(self, scenario: str) -> list[Call]:
        """The calls that a scenario makes when nothing goes wrong."""
        answer = self._ask({"trace": scenario})
        if not isinstance(answer, list):
            raise ScenarioError(f"{scenario}: {answer}")
        return [Call(**call) for call in answer]

    def run(self, cell: Cell, environment: str | None) -> Life:
        """Run a cell."""
        self._cells += 1
        answer = self._ask({"cell": cell.as_dict(), "environment": environment})
        return Life(**{**answer, "ended": Ended(**answer["ended"])})

    def remove(self, environment: str) -> str:
        """Tear an environment down; returns what is left."""
        return str(self._ask({"remove": environment}))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, asked: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ScenarioError(f"a lane ended: {self._log.read_text()[-2000:]}")
        return json.loads(line)


@dataclass(frozen=True)
class _There:
    """An environment that is there: its state, the cell that left it, and from when on it may be used."""

    environment: str
    state: str
    cell: Cell
    ended: Ended
    ready: float


class Lives:
    """Runs cells on a lane until none is left.

    Args:
        lane: The lane.
        plan: What is to run.
        report: Is told how a cell ended; a second time, if only the teardown of its environment tells.
        deadline: Begin no cell after that, in seconds of `time.monotonic`.
    """

    def __init__(
        self,
        lane: Lane,
        plan: Plan,
        report: Callable[[Cell, Ended], None],
        deadline: float = float("inf"),
    ) -> None:
        self._lane = lane
        self._plan = plan
        self._report = report
        self._deadline = deadline
        # An environment of a cell that failed has no state: it is only to be removed.
        self._there: list[_There] = []

    def serve(self) -> None:
        """Run cells until none is left, and remove what is there."""
        while self._step():
            pass

    def _step(self) -> bool:
        now = time.monotonic()
        for one in self._there:
            if not one.state and one.ready <= now:
                self._remove(one)
                return True
        usable = {one.state: one for one in self._there if one.state and one.ready <= now}
        goes_on = now < self._deadline
        worn = self._lane.is_worn and goes_on and not self._plan.is_empty
        taken = self._plan.take(usable) if goes_on and not worn else None
        if taken is not None:
            cell, state = taken
            self._run(cell, usable[state] if state else None)
            return True
        if not self._there:
            if worn:
                self._lane.renew()
            return worn
        first = min(self._there, key=lambda one: one.ready)
        time.sleep(max(0.0, first.ready - now))
        self._remove(first)
        return True

    def _run(self, cell: Cell, on: _There | None) -> None:
        if on is not None:
            self._there.remove(on)
        life = self._lane.run(cell, on.environment if on else None)
        passed = life.ended.end in ("succeeded", "not hit")
        if life.ended.end == "not hit" and on is not None:
            # Cells before it may have left less to do.
            self._plan.again(cell)
        elif passed or life.environment is None:
            self._report(cell, life.ended)
        if life.environment is not None:
            state = SCENARIOS[cell.scenario].after if passed else ""
            ready = time.monotonic() + life.settles
            self._there.append(_There(life.environment, state, cell, life.ended, ready))

    def _remove(self, one: _There) -> None:
        self._there.remove(one)
        left = self._lane.remove(one.environment)
        if left:
            why = f"{left} (the execution: {one.ended.why})"
            self._report(one.cell, replace(one.ended, end="not allowed", why=why))
        elif not one.state:
            self._report(one.cell, one.ended)
