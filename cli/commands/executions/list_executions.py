"""`lifecycle executions`: the newest executions of the lifecycle."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.display.narrow import print_rows, print_step
from cli.environments.argument import environments_that_begin_with
from cli.environments.moments import duration, readable
from cli.invocation import hint
from cli.options import AsJson, Local, Stack, StateDir
from cli.perform.ending import print_json
from cli.perform.listing import LOOKED_AT, executions
from cli.streams import Streams
from cli.target.deployed import deployed, lifecycle_of

_HEADS = ("execution", "environment", "action", "status", "started", "took")


def list_executions(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]",
            help="Only those of this environment.",
            autocompletion=environments_that_begin_with,
        ),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=LOOKED_AT, help="How many at most.")] = 20,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """List the newest executions, of all environments or of one.

    Exit status: 0, 1 if AWS refuses, 2 bad usage.
    """
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    target = lifecycle_of(place)
    found, more = executions(
        target.stepfunctions, target.machine_arn, environment=environment, most=limit
    )
    if as_json:
        print_json(streams.result, {"executions": found, "more": more})
        return
    of = f" of {environment}" if environment else ""
    if not found:
        where = f"among the newest {LOOKED_AT} in" if more else "in"
        print_step(streams.result, f"There is no execution{of} {where} {place.label}.")
        return
    rows = [
        (
            one["name"],
            one["environment"] or "–",
            str(one["action"]),
            one["status"],
            readable(one["startedAt"]),
            duration(one["seconds"]),
        )
        for one in found
    ]
    print_rows(streams.result, _HEADS, rows, fold={"started", "took"})
    streams.result.print()
    number = f"{len(found)} execution{'' if len(found) == 1 else 's'}{of}"
    rest = "; there may be older ones" if more else ""
    ended = next((one for one in found if one["status"] != "SUCCEEDED"), found[0])
    print_step(
        streams.result,
        f"{number}{rest}. To see one:",
        hint("history", place.options, ended["name"]),
    )
