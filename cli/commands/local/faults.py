"""`lifecycle local faults`: make an operation or a function fail, to see how the workflow reacts."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.display.lines import print_table
from cli.options import StateDir
from cli.streams import console
from cli.target.running import running_api
from local.edge.faults import FAULT_KINDS

app = typer.Typer(help="Make operations fail on purpose.", no_args_is_help=True)

# The reason is last because it can be long.
_COLUMNS = ("id", "service", "operation", "kind", "times", "seconds", "caller", "reason")


@app.command()
def add(
    service: Annotated[str, typer.Argument(help="Such as bedrock-agentcore-control; * for any.")],
    operation: Annotated[str, typer.Argument(help="Such as CreateAgentRuntime; * for any.")],
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(FAULT_KINDS)}.")],
    *,
    times: Annotated[int, typer.Option(help="How many calls fail; 0: all, until cleared.")] = 1,
    reason: Annotated[
        str | None, typer.Option(help="The error's message, or the failure reason.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="How long a time-out lasts, or how much longer a delayedState takes."),
    ] = None,
    caller: Annotated[
        str | None,
        typer.Option(help="Only calls by this function (its logical id); see above."),
    ] = None,
    status: Annotated[int, typer.Option(help="HTTP status of a serverError.")] = 500,
    state_dir: StateDir = None,
) -> None:
    """Plan a fault, and print its id.

    To make a function crash or time out: service lambda, operation Invoke, and the function as --caller.
    """
    fault = running_api(state_dir).add_fault(
        {
            "service": service,
            "operation": operation,
            "kind": kind,
            "times": times,
            "reason": reason,
            "seconds": seconds,
            "caller": caller,
            "status": status,
        }
    )
    console().print(fault["id"])


@app.command("list")
def list_faults(*, state_dir: StateDir = None) -> None:
    """List the planned faults."""
    rows = [
        ["" if fault[name] is None else str(fault[name]) for name in _COLUMNS]
        for fault in running_api(state_dir).faults()
    ]
    print_table(console(), _COLUMNS, rows)


@app.command()
def clear(
    fault_id: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    *,
    state_dir: StateDir = None,
) -> None:
    """Remove one planned fault, or all of them."""
    running_api(state_dir).clear_faults(fault_id)
