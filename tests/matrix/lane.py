"""One local AWS that runs cells: reads JSON lines, and answers each with a line.

Run as `python -m tests.matrix.lane FOLDER`. It is asked for one of three things:

- `{"trace": SCENARIO}`: the calls that the scenario makes when nothing goes wrong;
- `{"cell": CELL, "environment": NAME or null}`: the `Life` of a cell;
- `{"remove": NAME}`: what is left after an environment was torn down, as text.
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
from tests.embedded.conftest import PARAMETERS, Lifecycle
from tests.embedded.signing_in import serving
from tests.matrix.cell_run import Ended, Life, calls_of, run_cell
from tests.matrix.cells import Cell
from tests.matrix.scenarios import SCENARIOS
from tests.matrix.shortened import shortened_template
from tests.matrix.stage import Stage, new_name


def main(folder: Path, answers: TextIO) -> None:
    """Serve until the input ends."""
    stack = folder / "stack"
    stack.mkdir(parents=True)
    delays = Delays(create=0.1, update=0.1, delete=0.1, endpoint=0.05, gateway=0.05, spans=0)
    with (
        serving() as provider,
        EmbeddedAws.start(
            state_dir=folder / "aws",
            template=shortened_template(stack),
            delays=delays,
            parameters=PARAMETERS,
        ) as aws,
    ):
        stage = Stage.of(Lifecycle(aws), provider)
        for line in sys.stdin:
            answers.write(json.dumps(_answer(stage, json.loads(line))) + "\n")
            answers.flush()


def _answer(stage: Stage, asked: dict[str, Any]) -> Any:
    name = asked.get("environment") or new_name()
    try:
        if "trace" in asked:
            return [asdict(call) for call in calls_of(stage, SCENARIOS[asked["trace"]])]
        if "remove" in asked:
            return stage.remove(asked["remove"])
        cell = Cell(**asked["cell"])
        return asdict(run_cell(stage, cell, name, new=asked["environment"] is None))
    except Exception:  # noqa: BLE001 - whatever it is, it is an answer
        why = f"it broke: {' '.join(traceback.format_exc().split())[-600:]}"
        if "cell" not in asked:
            return why
        return asdict(Life(Ended("not allowed", why, 0.0), name))


if __name__ == "__main__":
    # What anything prints goes to the error stream: the output is for answers.
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        main(Path(sys.argv[1]), out)
