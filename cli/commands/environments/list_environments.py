"""`lifecycle list`: the environments of a stack."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from cli.display.narrow import print_rows, print_step
from cli.environments.summary import row, summary
from cli.environments.table import EnvironmentsTable
from cli.invocation import hint
from cli.options import AsJson, Local, Stack, StateDir
from cli.perform.ending import print_json
from cli.streams import Streams
from cli.target.deployed import Deployed, deployed

_HEADS = ("environment", "state", "live", "smoke test", "locked by", "expires")


def list_environments(
    *,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """List the environments: state, live version, last smoke test, who holds the lock, expiry.

    Exit status: 0, 1 if AWS refuses, 2 bad usage.
    """
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    found = [summary(item) for item in EnvironmentsTable(place).summaries()]
    found.sort(key=lambda one: str(one["environment"]))
    if as_json:
        print_json(streams.result, {"environments": found})
        return
    if found:
        now = time.time()
        rows = [row(one, now) for one in found]
        print_rows(streams.result, _HEADS, rows, fold={"smoke test", "expires"})
        streams.result.print()
    print_step(streams.result, *_last_line(found, place))


def _last_line(found: list[dict[str, Any]], place: Deployed) -> tuple[str, str]:
    """Return how many there are, and the command for the one that matters most."""
    if not found:
        return (
            f"There is no environment in {place.label} yet. To provision one:",
            hint("run", place.options),
        )
    number = f"{len(found)} environment{'' if len(found) == 1 else 's'}"
    failed = [one for one in found if one["state"] == "FAILED"]
    if failed:
        first = failed[0]["environment"]
        return (
            f"{number}, {len(failed)} FAILED. To see why:",
            hint("show", place.options, first),
        )
    states = Counter(one["state"] for one in found)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{number}: {counts}. To see one:", hint("show", place.options, found[0]["environment"])
