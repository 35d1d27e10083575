"""How soon a changed line of the agent is answered: from saving the file to the new answer of `lifecycle dev`.

Run as `python -m benchmarks.dev_loop [--runs N]` in the project's root. It starts the loop on a copy of `agent/` and a
local AWS of its own. Each run changes a text of the answer in `main.py`, saves it, and waits until the loop prints an
answer that has the new text. Everything in between is as in any provision: source, build, runtime, smoke test.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.tables import table

PROJECT = Path(__file__).resolve().parents[1]
ANSWER = '{"answer": str(result).strip(),'
"""What each run changes in the agent."""
BOUND_SECONDS = 5.0
_END_SECONDS = 300


@dataclass
class Run:
    """One change.

    Attributes:
        answered: Seconds from saving the file to the new answer.
        ended: Seconds from saving the file until `live` served it.
        stages: Seconds of each phase, by its name.
    """

    answered: float
    ended: float
    stages: dict[str, float] = field(default_factory=dict)


@contextmanager
def dev(
    folder: Path,
    arguments: list[str],
    *,
    command: Sequence[str] = (sys.executable, "-m", "cli.main"),
    project: Path = PROJECT,
) -> Iterator[subprocess.Popen[str]]:
    """Run `lifecycle dev` on a folder, and end it as a person does.

    Args:
        folder: The agent's.
        arguments: More arguments.
        command: `lifecycle`.
        project: The checkout that it runs in.
    """
    with subprocess.Popen(
        [*command, "dev", str(folder), "--json", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=_END_SECONDS)


def event(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    """Return the next line of a kind.

    Raises:
        RuntimeError: The round failed, or the loop ended.
    """
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found.get("failure"):
            raise RuntimeError(found["failure"])
        if found["event"] == kind:
            return found
    raise RuntimeError("the loop has ended")


def measure(runs: int, arguments: list[str]) -> list[Run]:
    """Measure some changes, each after the one before was live.

    Raises:
        RuntimeError: A round failed, or answered with the old text.
    """
    found: list[Run] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "agent")
        shutil.copytree(PROJECT / "agent", folder, ignore=shutil.ignore_patterns("__pycache__"))
        main = folder / "main.py"
        text = main.read_text(encoding="utf-8")
        if ANSWER not in text:
            raise RuntimeError(f"agent/main.py has no {ANSWER}")
        with dev(folder, arguments) as process:
            event(process, "end")
            for number in range(runs):
                word = f"changed-{number}"
                new = text.replace(ANSWER, f'{{"answer": "{word} " + str(result).strip(),')
                began = time.monotonic()
                main.write_text(new, encoding="utf-8")
                answer = event(process, "answer")
                answered = time.monotonic() - began
                if word not in answer["answer"]:
                    raise RuntimeError(f"not the new answer: {answer['answer']}")
                end = event(process, "end")
                found.append(Run(answered, time.monotonic() - began, end["stages"]))
    return found


def report(found: list[Run]) -> str:
    """Return a table: median, best and worst of the whole and of each phase, and whether the bound is kept."""
    columns = {
        "saved to answered": [run.answered for run in found],
        "saved to live": [run.ended for run in found],
    }
    for name in found[0].stages:
        columns[f"  {name}"] = [run.stages[name] for run in found if name in run.stages]
    rows = [
        [name, *(f"{value:.2f}" for value in (statistics.median(all_), min(all_), max(all_)))]
        for name, all_ in columns.items()
    ]
    median = statistics.median(columns["saved to answered"])
    kept = "kept" if median <= BOUND_SECONDS else "missed"
    return (
        table([f"{len(found)} changes", "median (s)", "best", "worst"], rows)
        + f"\nat most {BOUND_SECONDS:g} s from saving to the answer: {kept}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures the edit loop.")
    parser.add_argument("--runs", type=int, default=5)
    parsed, arguments = parser.parse_known_args()
    sys.stdout.write(report(measure(parsed.runs, arguments)) + "\n")


if __name__ == "__main__":
    main()
