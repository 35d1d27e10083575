"""What a rebuild costs when nothing has changed, against the first build, in one run on one local AWS.

Run as `python -m benchmarks.rebuild [--rebuilds N]` in the project's root. Prints a table: seconds and API calls
of the first build and of the rebuilds (the median), and the share of the first that a rebuild takes. Seconds
differ from machine to machine; the shares are what can be compared. AgentCore's states last as long as the local AWS
has them by default; functions are warm and downloads
cached for both, by a round trip of another environment before.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.executions import role_calls, succeed
from benchmarks.tables import table
from local.embedded import EmbeddedAws

# What a rebuild of nothing is to leave out.
WORK = (
    "StartBuild",
    "CreateUserPool",
    "CreateAgentRuntime",
    "UpdateAgentRuntime",
    "CreateAgentRuntimeEndpoint",
    "UpdateAgentRuntimeEndpoint",
)


@dataclass(frozen=True)
class Measured:
    """One execution.

    Attributes:
        seconds: From its start until a caller sees its end.
        calls: API calls of its functions and its build.
        work: How often each operation of `WORK` was called.
    """

    seconds: float
    calls: int
    work: dict[str, int]


def provision(aws: EmbeddedAws, given: dict[str, Any]) -> Measured:
    """Run an input once and count.

    Args:
        aws: The local AWS.
        given: The execution's input.

    Returns:
        Its seconds and calls.

    Raises:
        RuntimeError: The execution failed.
    """
    before = time.time()
    began = time.monotonic()
    succeed(aws, given)
    seconds = time.monotonic() - began
    operations = Counter(str(call.operation) for call in role_calls(aws, before))
    work = {name: operations[name] for name in WORK if operations[name]}
    return Measured(seconds, operations.total(), work)


def measure(rebuilds: int) -> str:
    """Build once and rebuild several times.

    Args:
        rebuilds: How often nothing is rebuilt.

    Returns:
        What is printed.
    """
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws.start(state_dir=Path(folder)) as aws:
        # Cold starts and downloads are not to be counted for the first build alone.
        provision(aws, {"environment": "warm-up", "teardown": "always"})
        first, *again = [provision(aws, {"environment": "dev"}) for _ in range(rebuilds + 1)]
    seconds = statistics.median(run.seconds for run in again)
    calls = statistics.median(run.calls for run in again)
    rows: list[list[object]] = [
        ["seconds", f"{first.seconds:.2f}", f"{seconds:.2f}", f"{seconds / first.seconds:.3f}"],
        ["API calls", first.calls, calls, f"{calls / first.calls:.3f}"],
    ]
    rows += [[name, first.work.get(name, 0), again[-1].work.get(name, 0)] for name in WORK]
    return table(["", "first build", f"{rebuilds} rebuilds (median)", "share"], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures a rebuild on the local AWS.")
    parser.add_argument("--rebuilds", type=int, default=3)
    sys.stdout.write(measure(parser.parse_args().rebuilds) + "\n")


if __name__ == "__main__":
    main()
