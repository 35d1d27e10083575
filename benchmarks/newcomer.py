"""How long a newcomer takes: clone the repository, see the first green run, then edit an agent and see it answer.

Run as `python -m benchmarks.newcomer` in the project's root. It clones the commit that is checked out into a temporary
folder. There it does what the README says: `make run`, which sets everything up first, and `lifecycle dev` on a copy of
`agent/`. What is not committed does not count. With an empty package cache, `make run` also downloads everything.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dev_loop import ANSWER, dev, event
from benchmarks.tables import table

PROJECT = Path(__file__).resolve().parents[1]
_WORD = "changed-by-the-newcomer"


@dataclass
class Steps:
    """Seconds of each step, by what a person does, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step; a failed one is not noted."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began


def measure(repository: Path) -> Steps:
    """Walk the path once.

    Args:
        repository: What is cloned.

    Raises:
        subprocess.CalledProcessError: A command failed; what it wrote is on standard error.
        RuntimeError: A round of the loop failed, or answered with the old text.
    """
    steps = Steps()
    with tempfile.TemporaryDirectory() as temporary:
        clone, agent = Path(temporary, "clone"), Path(temporary, "my-agent")
        with steps.step("git clone"):
            _do(["git", "clone", "--quiet", f"file://{repository}", str(clone)], Path(temporary))
        with steps.step("make run (set-up, first green run)"):
            _do(["make", "run"], clone)
        shutil.copytree(clone / "agent", agent, ignore=shutil.ignore_patterns("__pycache__"))
        command = [str(clone / ".venv/bin/lifecycle")]
        began = time.monotonic()
        with dev(agent, [], command=command, project=clone) as process:
            event(process, "answer")
            steps.seconds["lifecycle dev until the first answer"] = time.monotonic() - began
            event(process, "end")
            with steps.step("a changed line until it answers"):
                _change(agent / "main.py")
                answer = event(process, "answer")
            if _WORD not in answer["answer"]:
                raise RuntimeError(f"not the new answer: {answer['answer']}")
            event(process, "end")
    return steps


def _do(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, stdout=sys.stderr, check=True)


def _change(main: Path) -> None:
    text = main.read_text(encoding="utf-8")
    if ANSWER not in text:
        raise RuntimeError(f"agent/main.py has no {ANSWER}")
    new = text.replace(ANSWER, f'{{"answer": "{_WORD} " + str(result).strip(),')
    main.write_text(new, encoding="utf-8")


def report(steps: Steps) -> str:
    """Return a table: seconds of each step, and from the start to the end of each."""
    rows, total = [], 0.0
    for name, seconds in steps.seconds.items():
        total += seconds
        rows.append([name, f"{seconds:.1f}", f"{total:.1f}"])
    return table(["step", "seconds", "since the start"], rows)


def main() -> None:
    """Measure and print."""
    sys.stdout.write(report(measure(PROJECT)) + "\n")


if __name__ == "__main__":
    main()
