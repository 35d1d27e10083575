"""One local AWS that runs cells: reads them as JSON lines, and answers each with a line.

Run as `python -m tests.matrix.lane FOLDER`. Without a cell on a line, but with `{"scenario": NAME}`, it answers with
the calls that the scenario makes when nothing goes wrong.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from local.agentcore.settings import Delays
from local.embedded import EmbeddedAws
from tests.embedded.conftest import PARAMETERS
from tests.matrix.cell_run import Ended, calls_of, run_cell, stage_of
from tests.matrix.cells import Cell
from tests.matrix.scenarios import SCENARIOS, Stage
from tests.matrix.shortened import shortened_template


def main(folder: Path, answers: TextIO) -> None:
    """Serve until the input ends."""
    stack = folder / "stack"
    stack.mkdir(parents=True)
    delays = Delays(create=0.1, update=0.1, delete=0.1, endpoint=0.05)
    with EmbeddedAws.start(
        state_dir=folder / "aws",
        template=shortened_template(stack),
        delays=delays,
        parameters=PARAMETERS,
    ) as aws:
        stage = stage_of(aws)
        for line in sys.stdin:
            answers.write(json.dumps(_answer(stage, json.loads(line))) + "\n")
            answers.flush()


def _answer(stage: Stage, asked: dict[str, Any]) -> Any:
    try:
        if "kind" not in asked:
            return [asdict(call) for call in calls_of(stage, SCENARIOS[asked["scenario"]])]
        return asdict(run_cell(stage, Cell(**asked)))
    except Exception:  # noqa: BLE001 - whatever it is, it is an answer
        why = " ".join(traceback.format_exc().split())[-600:]
        return asdict(Ended("not allowed", f"the cell broke: {why}", 0.0))


if __name__ == "__main__":
    # What anything prints goes to the error stream: the output is for answers.
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        main(Path(sys.argv[1]), out)
