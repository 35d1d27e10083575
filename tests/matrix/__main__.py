"""The failure matrix: every call of every function, gone wrong in every way, and what is left after it.

Run as `python -m tests.matrix` (`make matrix`) in the project's root. It prints each cell as it ends, and the figures
at the end; `--write` writes the table of docs/reliability.md. It fails if an end is not allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.matrix.cell_run import Ended
from tests.matrix.cells import Call, Cell, cells_of
from tests.matrix.report import figures, write_pages
from tests.matrix.scenarios import SCENARIOS


class ScenarioError(Exception):
    """A scenario fails although nothing goes wrong."""


class Lane:
    """A local AWS in a process of its own."""

    def __init__(self, folder: Path) -> None:
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

    def ask(self, asked: dict[str, Any]) -> Any:
        """Ask one thing and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ScenarioError(f"a lane ended: {self._log.read_text()[-2000:]}")
        return json.loads(line)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def run(arguments: argparse.Namespace) -> tuple[dict[Cell, Ended], int]:
    """Run the matrix, or the part of it that is asked for; returns how it ended, and how many cells there are."""
    deadline = time.monotonic() + 60 * arguments.minutes if arguments.minutes else None
    names = [name for name in SCENARIOS if name in (arguments.scenario or SCENARIOS)]
    work: queue.SimpleQueue[Any] = queue.SimpleQueue()
    calls: list[Call] = []
    ended: dict[Cell, Ended] = {}
    with tempfile.TemporaryDirectory() as folder:
        lanes = [Lane(Path(folder) / f"lane-{number}") for number in range(arguments.lanes)]

        def each(do: Any) -> None:
            failures: list[BaseException] = []

            def serve(lane: Lane) -> None:
                try:
                    while True:
                        do(lane, work.get_nowait())
                except queue.Empty:
                    return
                except BaseException as error:  # noqa: BLE001 - raised below
                    failures.append(error)

            threads = [threading.Thread(target=serve, args=(lane,)) for lane in lanes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if failures:
                raise failures[0]

        def trace(lane: Lane, name: str) -> None:
            answer = lane.ask({"scenario": name})
            if not isinstance(answer, list):
                raise ScenarioError(f"{name}: {answer['why']}")
            calls.extend(Call(**call) for call in answer)
            print(f"{name}: {len(answer)} calls", flush=True)

        def one(lane: Lane, cell: Cell) -> None:
            if deadline is not None and time.monotonic() > deadline:
                return
            end = Ended(**lane.ask(cell.as_dict()))
            ended[cell] = end
            why = "" if end.end == "succeeded" else f": {end.why}"
            print(
                f"{len(ended)}/{len(cells)} {end.seconds} s {cell.id}: {end.end}{why}", flush=True
            )

        for name in names:
            work.put(name)
        each(trace)
        planned = cells_of(calls)
        cells = planned[: arguments.sample or None]
        for cell in cells:
            work.put(cell)
        each(one)
        for lane in lanes:
            lane.close()
    return ended, len(planned)


def main() -> int:
    """Run, print the figures, and write the table if told to."""
    parser = argparse.ArgumentParser(description="Runs the failure matrix on local AWSes.")
    parser.add_argument("--lanes", type=int, default=max(1, (os.cpu_count() or 2)))
    parser.add_argument("--sample", type=int, default=0, help="How many cells; 0: all.")
    parser.add_argument("--minutes", type=float, default=0, help="Begin no cell after that.")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--write", action="store_true", help="Write docs/reliability.md.")
    parser.add_argument("--json", type=Path, help="Write each cell's end to a file.")
    arguments = parser.parse_args()
    began = time.monotonic()
    ended, planned = run(arguments)
    minutes = (time.monotonic() - began) / 60
    if arguments.json:
        lines = [
            json.dumps(cell.as_dict() | {"end": end.end, "why": end.why, "seconds": end.seconds})
            for cell, end in sorted(ended.items())
        ]
        arguments.json.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(figures(ended, minutes))
    if arguments.write:
        write_pages(ended, planned)
    return 1 if any(end.end == "not allowed" for end in ended.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
