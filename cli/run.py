"""`lifecycle run`: start an execution, follow it, show how it ended."""

from __future__ import annotations

import json
import secrets
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.follow import Result, follow
from cli.inputs import UsageError, override, read_input, validate
from cli.options import (
    Delays,
    Parameters,
    StateDir,
    parse_delays,
    parse_parameters,
)
from cli.progress import progress_on
from cli.result import show_output
from cli.streams import INTERRUPTED, Streams, console
from cli.target import Target, local_target, stack_target
from lifecycle.request.model import environment_of

FAILED = 1


def run(
    *,
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="On the embedded AWS: the one that is up, or one for this run. The default.",
        ),
    ] = False,
    stack: Annotated[
        str | None,
        typer.Option(help="On this CloudFormation stack, with your own AWS configuration."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="FILE|-", help="The input, JSON; without it every default."
        ),
    ] = None,
    environment: Annotated[
        str | None, typer.Option(help="Which environment, whatever the input says.")
    ] = None,
    teardown: Annotated[
        str | None, typer.Option(help="never, onFailure or always, whatever the input says.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the output object alone, everything else to stderr."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--validate/--no-validate", help="Check the input here, before it is sent."),
    ] = True,
    delay: Delays = None,
    parameter: Parameters = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what an embedded AWS for this run has written.")
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Start an execution of the lifecycle and follow it to its end.

    Exit status: 0 succeeded, 1 failed, 2 bad usage or input, 130 interrupted.
    """
    streams = Streams.for_output(as_json=as_json)
    if local and stack is not None:
        raise UsageError("--local and --stack exclude each other")
    value = override(read_input(source), environment=environment, teardown=teardown)
    if check:
        validate(value)
    delays, parameters = parse_delays(delay), parse_parameters(parameter)
    if stack is None:
        place: AbstractContextManager[Target] = local_target(
            delays,
            parameters=parameters,
            keep=keep,
            state_dir=state_dir,
            console=streams.errors,
        )
    elif delays or parameters or keep or state_dir:
        raise UsageError(
            "--delay, --parameter, --keep and --state-dir are for the embedded AWS, not for --stack"
        )
    else:
        place = nullcontext(stack_target(stack))
    with place as target:
        result = _execute(target, value, streams.progress)
    _show(result, streams, as_json=as_json)
    if not target.lasting:
        streams.errors.print(
            "This embedded AWS was for this run only, and is gone with everything in it; "
            "`lifecycle local up` keeps one.",
            style="dim",
            soft_wrap=True,
        )
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
            "Stopped. Its embedded AWS was for this run only, and is gone with everything in it.",
            soft_wrap=True,
        )
        return
    err.print(
        f"No longer following: the execution goes on, on {target.label}.\n"
        f"  to stop it:       {target.aws} stepfunctions stop-execution --execution-arn {arn}\n"
        f"  then to clean up: lifecycle run {target.options} --environment {environment} "
        "--input statemachine/inputs/teardown.json",
        soft_wrap=True,
    )


def _show(result: Result, streams: Streams, *, as_json: bool) -> None:
    if result.output is not None:
        if as_json:
            streams.result.print(
                json.dumps(result.output, ensure_ascii=False, indent=2), soft_wrap=True
            )
        else:
            show_output(streams.result, result.output)
    if result.failure is not None:
        streams.errors.print(
            f"\n{result.failure.error}: {result.failure.reason}", style="red", soft_wrap=True
        )
    elif not as_json:
        streams.result.print("\nSucceeded.", style="bold green")
