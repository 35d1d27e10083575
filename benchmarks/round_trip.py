"""How long the round trip takes on the local AWS, stage by stage.

Run as `python -m benchmarks.round_trip [--runs N]` in the project's root. Prints one JSON object: for the whole
command and for each stage the median and the worst of all runs, in seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
COMMAND = ["run", "--local", "--json", "--input", "statemachine/inputs/round-trip.json"]


def measure(runs: int) -> dict[str, list[float]]:
    """Run the round trip several times, each on a local AWS of its own.

    Args:
        runs: How often.

    Returns:
        Seconds of each run, by stage; `command` is the whole, start and end of the local AWS included.

    Raises:
        subprocess.CalledProcessError: A run failed.
    """
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        start = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "cli.main", *COMMAND],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            check=True,
        )
        seconds["command"].append(time.monotonic() - start)
        for stage, taken in json.loads(ended.stdout)["timings"].items():
            seconds[stage].append(taken)
    return dict(seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures the round trip on the local AWS.")
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    figures = {
        stage: {"median": round(statistics.median(taken), 2), "worst": round(max(taken), 2)}
        for stage, taken in measure(runs).items()
    }
    sys.stdout.write(json.dumps({"runs": runs, "seconds": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
