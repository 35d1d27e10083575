"""`lifecycle run`: start an execution, follow it, and show its result."""

from __future__ import annotations

import json
import secrets
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.display.progress import progress_on
from cli.display.result import show_output
from cli.errors import FAILED, INTERRUPTED, UsageError
from cli.execution.follow import Result, follow
from cli.inputs import override, read_input, validate
from cli.invocation import checkout_file, this_command
from cli.options import (
    Delays,
    Parameters,
    ReadingsGiven,
    StateDir,
    parse_delays,
    parse_parameters,
    parse_readings,
)
from cli.streams import Streams, console
from cli.target.local import local_target
from cli.target.stack import stack_target
from cli.target.target import Target
from lifecycle.request.model import environment_of

_ASK = '{"action": "smokeTest"}'
"""Input that asks the question of the last provision again."""


def run(
    *,
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="Use the local AWS that is running, or start one for this run. The default.",
        ),
    ] = False,
    stack: Annotated[
        str | None,
        typer.Option(help="Use this CloudFormation stack, with your own AWS configuration."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--input", metavar="FILE|-", help="The input as JSON; by default {}."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option(help="The environment; overrides the input.")
    ] = None,
    teardown: Annotated[
        str | None, typer.Option(help="never, onFailure or always; overrides the input.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print only the output object to stdout, everything else to stderr."
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--validate/--no-validate", help="Check the input before the execution starts."
        ),
    ] = True,
    delay: Delays = None,
    parameter: Parameters = None,
    reading: ReadingsGiven = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the files of a local AWS that was started for this run."),
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Start an execution of the lifecycle and follow it to its end.

    Exit status: 0 succeeded, 1 failed, 2 bad usage or input, 130 interrupted.
    """
    streams = Streams.for_output(as_json=as_json)
    if local and stack is not None:
        raise UsageError("use either --local or --stack, not both")
    value = override(read_input(source), environment=environment, teardown=teardown)
    if check:
        validate(value)
    delays, parameters = parse_delays(delay), parse_parameters(parameter)
    readings = parse_readings(reading)
    if stack is None:
        place: AbstractContextManager[Target] = local_target(
            delays,
            parameters=parameters,
            readings=readings,
            keep=keep,
            state_dir=state_dir,
            console=streams.errors,
        )
    elif delays or parameters or readings or keep or state_dir:
        raise UsageError(
            "--delay, --parameter, --reading, --keep and --state-dir are for the local AWS, "
            "not for --stack"
        )
    else:
        place = nullcontext(stack_target(stack))
    with place as target:
        result = _execute(target, value, streams.progress)
    _show(result, target, streams, as_json=as_json)
    if not result.succeeded:
        raise typer.Exit(FAILED)


def execution_name() -> str:
    """Return a new name, such as `cli-20261123-023905-4f2a9c`: unique, and sorted by time."""
    return f"cli-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _execute(target: Target, value: dict[str, Any], out: Console) -> Result:
    client = target.stepfunctions
    arn = client.start_execution(
        stateMachineArn=target.machine_arn,
        name=execution_name(),
        input=json.dumps(value, ensure_ascii=False),
    )["executionArn"]
    try:
        out.print(f"{arn}\non {target.label}", style="dim", soft_wrap=True)
        with progress_on(out) as progress:
            return follow(client, arn, progress.tell)
    except KeyboardInterrupt:
        _interrupted(target, arn, environment_of(value) or "dev")
        raise typer.Exit(INTERRUPTED) from None


def _interrupted(target: Target, arn: str, environment: str) -> None:
    err = console(stderr=True)
    if not target.lasting:
        target.stepfunctions.stop_execution(executionArn=arn, cause="interrupted by the user")
        err.print(
            "Stopped. The local AWS of this run is gone with everything in it.",
            soft_wrap=True,
        )
        return
    err.print(
        f"Interrupted. The execution continues on {target.label}.\n"
        f"  to stop it:       {target.aws} stepfunctions stop-execution --execution-arn {arn}\n"
        f"  then to clean up: {this_command()} run {target.options} --environment {environment} "
        f"--input {checkout_file('statemachine/inputs/teardown.json')}",
        soft_wrap=True,
    )


def _show(result: Result, target: Target, streams: Streams, *, as_json: bool) -> None:
    """Print the output, and last what matters most: the failure, or what to do after a success."""
    if result.output is not None and as_json:
        text = json.dumps(result.output, ensure_ascii=False, indent=2)
        streams.result.print(text, soft_wrap=True)
    elif result.output is not None:
        show_output(streams.result, result.output)
    hint = _next_step(result.output or {}, target)
    if result.succeeded and not as_json:
        end = Text.assemble("\n", ("Succeeded.", "bold green"), f" {hint}".rstrip())
        streams.result.print(end, soft_wrap=True)
    elif not target.lasting:
        streams.errors.print(hint, style="dim", soft_wrap=True)
    if result.failure is not None:
        streams.errors.print(
            f"\n{result.failure.error}: {result.failure.reason}", style="red", soft_wrap=True
        )


def _next_step(output: dict[str, Any], target: Target) -> str:
    """Return how to call the environment that was provisioned, what a dry run leaves to do, or that all is gone."""
    if not target.lasting:
        return (
            "The local AWS of this run is gone with everything in it. "
            f"To keep one running: {this_command()} local up"
        )
    if output.get("plan"):
        return "Nothing was changed. To do what the plan says, run it again without dryRun."
    if output.get("action") not in ("provision", "rollback") or output.get("teardown"):
        return ""
    environment = output.get("environment") or "dev"
    return (
        f"To call {environment} again: echo '{_ASK}' | "
        f"{this_command()} run {target.options} --environment {environment} --input -"
    )
