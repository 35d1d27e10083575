"""How long `lifecycle local up` takes until any client can use it, and to end.

Run as `python -m benchmarks.start_up [--runs N]` in the project's root. Prints a table: seconds (median and
worst), and how many times as long as starting Python itself each takes. The ratio is what compares between machines.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.tables import table

PROJECT = Path(__file__).resolve().parents[1]
MOST_RUNS = 20
PATIENCE_SECONDS = 60


def measure(runs: int) -> dict[str, list[float]]:
    """Start and end it several times, each in a folder of its own; start Python as often in between.

    Args:
        runs: How often.

    Returns:
        Seconds of each run: `python` (`python -c pass`), `start` (until its API says that the stack is deployed
        and the variables are printed), `stop` (from SIGTERM until the process is gone).

    Raises:
        RuntimeError: It did not start.
    """
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        begin = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        seconds["python"].append(time.monotonic() - begin)
        start, stop = _once()
        seconds["start"].append(start)
        seconds["stop"].append(stop)
    return dict(seconds)


def _once() -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", "0", "--state-dir", f"{folder}/state"]
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "local", "up", *options],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            if not any(line.startswith("up at ") for line in process.stderr):
                raise RuntimeError(f"it did not start: exit status {process.wait()}")
            up = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)
            return up - begin, time.monotonic() - up
        finally:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures the start of the local AWS.")
    parser.add_argument("--runs", type=int, default=5, choices=range(1, MOST_RUNS + 1), metavar="N")
    runs = parser.parse_args().runs
    taken = measure(runs)
    unit = statistics.median(taken["python"])
    rows = [
        [
            name,
            f"{statistics.median(times):.2f}",
            f"{max(times):.2f}",
            f"{statistics.median(times) / unit:.1f}",
        ]
        for name, times in taken.items()
    ]
    head = [f"{runs} runs", "median (s)", "worst (s)", "of Python's start"]
    sys.stdout.write(table(head, rows) + "\n")


if __name__ == "__main__":
    main()
