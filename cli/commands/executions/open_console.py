"""`lifecycle open`: open the AWS console where an execution, an environment's runtime or the state machine is."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import typer

from cli.display.lines import print_prose
from cli.environments.argument import environments_that_begin_with
from cli.environments.table import TABLE_OUTPUT
from cli.errors import UsageError
from cli.invocation import this_command
from cli.options import Local, Stack, StateDir
from cli.perform.naming import describe
from cli.streams import console
from cli.target.denied import DeniedError
from cli.target.deployed import Deployed, deployed
from cli.target.target import MACHINE_OUTPUT
from lifecycle.fleet.failures import console_link, console_of


def open_console(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV|EXECUTION]",
            help="An environment, or an execution's name or ARN; by default the state machine.",
            autocompletion=environments_that_begin_with,
        ),
    ] = None,
    *,
    only_print: Annotated[
        bool, typer.Option("--print", help="Only print the address, and open no browser.")
    ] = False,
    local: Local = False,
    stack: Stack = None,
    state_dir: StateDir = None,
) -> None:
    """Open the AWS console at an execution, at the runtimes of AgentCore for an environment, or at the state machine.

    The address is printed, too. Exit status: 0, 1 if AWS refuses, 2 bad usage, or there is nothing of this name.
    """
    place = deployed(stack, local=local, state_dir=state_dir)
    if place.endpoint_url is not None:
        option = place.options.removeprefix("--local")
        raise UsageError(
            "the AWS console does not show a local AWS, which has a console of its own: "
            f"{this_command()} console --local{option}"
        )
    address = _address(place, what)
    sys.stdout.write(f"{address}\n")
    if not only_print and not webbrowser.open(address):
        print_prose(console(stderr=True), "No browser could be opened; the address is above.")


def _address(place: Deployed, what: str | None) -> str:
    if what is None:
        machine = place.output(MACHINE_OUTPUT)
        host, region = console_of(machine)
        return f"https://{host}/states/home?region={region}#/statemachines/view/{machine}"
    runtime = None if what.startswith("arn:") else _runtime(place, what)
    if runtime is not None:
        # The list of all runtimes: the address of a single one is not documented.
        host, region = console_of(runtime)
        return f"https://{host}/bedrock-agentcore/agents?region={region}"
    try:
        arn = describe(place, place.client("stepfunctions"), what)["executionArn"]
    except UsageError as error:
        raise UsageError(f"{what} is no environment that has a runtime, and {error}") from None
    return str(console_link(arn))


def _runtime(place: Deployed, name: str) -> str | None:
    """Return the ARN of an environment's runtime; `None` if there is none, or if the table may not be read."""
    # Imported late: other commands need nothing of it.
    from lifecycle.items import Items

    try:
        record = Items(place.client("dynamodb"), place.output(TABLE_OUTPUT)).read(name)
    except DeniedError:
        # Who may see executions need not read the table: the name may be that of an execution.
        return None
    return record.runtime.arn if record and record.runtime else None
