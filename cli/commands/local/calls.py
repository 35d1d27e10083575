"""`lifecycle local calls`: list the AWS calls that reached the local AWS."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer

from cli.display.lines import print_table
from cli.options import StateDir
from cli.streams import console
from cli.target.running import running_api


def calls(
    *,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation.")] = None,
    caller: Annotated[
        str | None, typer.Option(help="Only this caller: a function's logical id, root, …")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    state_dir: StateDir = None,
) -> None:
    """List the calls that reached the local AWS: the caller, the operation, and the HTTP status."""
    found = running_api(state_dir).calls(service=service, operation=operation, caller=caller)
    out = console()
    if as_json:
        for call in found:
            out.print(json.dumps(call), soft_wrap=True)
        return
    rows = [
        (
            f"{datetime.fromtimestamp(call['at']).astimezone():%H:%M:%S.%f}"[:-3],
            call["caller"] or "",
            call["service"],
            call["operation"] or "?",
            "" if call["status"] is None else str(call["status"]),
        )
        for call in found
    ]
    print_table(out, ("time", "caller", "service", "operation", "status"), rows)
