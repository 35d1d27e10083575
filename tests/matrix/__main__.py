"""The failure matrix: every call of every function, gone wrong in every way, and what is left after it.

Run as `python -m tests.matrix` (`make matrix`) in the project's root. It keeps each cell's end in a file, and
`--resume` goes on with it. It prints the figures at the end; `--write` writes the table of docs/reliability.md. It
fails if an end is not allowed.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.matrix.cells import cells_of
from tests.matrix.lives import Lane, Lives
from tests.matrix.plan import Plan
from tests.matrix.progress import Progress
from tests.matrix.report import figures, write_pages
from tests.matrix.scenarios import SCENARIOS

FILE = Path(".local/matrix.jsonl")


def each(lanes: list[Lane], do: Callable[[Lane], None]) -> None:
    """Do something with each lane at the same time; the first error is raised when all have ended."""
    failures: list[BaseException] = []

    def serve(lane: Lane) -> None:
        try:
            do(lane)
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [threading.Thread(target=serve, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def trace_all(lanes: list[Lane], names: list[str], progress: Progress) -> None:
    """Keep the calls of some scenarios, when nothing goes wrong."""
    work: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        work.put(name)

    def trace(lane: Lane) -> None:
        while not work.empty():
            try:
                name = work.get_nowait()
            except queue.Empty:
                return
            found = lane.trace(name)
            progress.keep_calls(found)
            print(f"{name}: {len(found)} calls", flush=True)

    each(lanes, trace)


def run(arguments: argparse.Namespace) -> Progress:
    """Run the matrix, or the part of it that is asked for."""
    deadline = time.monotonic() + 60 * (arguments.minutes or float("inf"))
    chosen = [name for name in SCENARIOS if name in (arguments.scenario or SCENARIOS)]
    progress = Progress(arguments.file, resume=arguments.resume)
    first = progress.forget(arguments.again) if arguments.again else set()
    with tempfile.TemporaryDirectory() as folder:
        lanes = [Lane(Path(folder) / f"lane-{number}") for number in range(arguments.lanes)]
        known = {call.scenario for call in progress.calls}
        if missing := [name for name in chosen if name not in known]:
            trace_all(lanes, missing, progress)
        planned = [cell for cell in cells_of(progress.calls) if cell.scenario in chosen]
        progress.planned = len(planned)
        wanted: Any = arguments.cell or ()
        cells = [cell for cell in planned if cell.id in wanted or not wanted]
        cells = [cell for cell in cells if cell not in progress.ended or wanted]
        cells.sort(key=lambda cell: cell not in first)
        plan = Plan(cells[: arguments.sample or None])
        each(lanes, lambda lane: Lives(lane, plan, progress.end, deadline).serve())
        for lane in lanes:
            lane.close()
    return progress


def main() -> int:
    """Run, print the figures, and write the table if told to."""
    parser = argparse.ArgumentParser(description="Runs the failure matrix on local AWSes.")
    parser.add_argument("--lanes", type=int, default=2 * (os.cpu_count() or 2))
    parser.add_argument("--sample", type=int, default=0, help="How many cells; 0: all.")
    parser.add_argument("--minutes", type=float, default=0, help="Begin no cell after that.")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--cell", action="append", help="Only this cell, by its id.")
    parser.add_argument("--file", type=Path, default=FILE, help="Keeps each cell's end.")
    parser.add_argument("--resume", action="store_true", help="Go on with what the file holds.")
    parser.add_argument("--again", help="With --resume: first run the cells again that ended so.")
    parser.add_argument("--write", action="store_true", help="Write docs/reliability.md.")
    arguments = parser.parse_args()
    progress = run(arguments)
    print(figures(progress.ended, progress.minutes))
    if arguments.write:
        write_pages(progress.ended, progress.planned, progress.minutes, arguments.lanes)
    return 1 if any(end.end == "not allowed" for end in progress.ended.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
