"""`lifecycle run`: start an execution, follow it, show how it ended."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from lifecycle.outcome import environment_of
from local.command.follow import Result, follow
from local.command.inputs import UsageError, override, read_input, validate
from local.command.progress import progress_on
from local.command.result import show_output
from local.command.streams import INTERRUPTED, Streams, console
from local.command.target import Target, local_target, stack_target

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
    delay: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SECONDS", help="How long the embedded AgentCore takes, repeatable."
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A parameter of the template, for the embedded AWS; repeatable.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what an embedded AWS for this run has written.")
    ] = False,
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
    with _target(stack, delays, parameters, keep=keep, progress=streams.progress) as target:
        result = _execute(target, value, streams.progress)
    _show(result, streams, as_json=as_json)
    if not target.lasting and _left_something(result):
        streams.progress.print(
            "It was made in an embedded AWS for this run only, which is gone; `lifecycle local up` keeps one.",
            style="dim",
            soft_wrap=True,
        )
    if not result.succeeded:
        raise typer.Exit(FAILED)


def parse_delays(texts: list[str] | None) -> dict[str, float]:
    """Read `name=seconds` pairs.

    Raises:
        UsageError: Not of that form, or a number below 0.
    """
    delays = {}
    for text in texts or []:
        name, _, seconds = text.partition("=")
        try:
            delays[name] = float(seconds)
        except ValueError:
            raise UsageError(f"--delay {text}: give a name and seconds, such as create=5") from None
        if not 0 <= delays[name] < float("inf"):
            raise UsageError(f"--delay {text}: seconds are 0 or more")
    return delays


def parse_parameters(texts: list[str] | None) -> dict[str, str]:
    """Read `name=value` pairs; a value may have equals signs of its own.

    Raises:
        UsageError: Not of that form.
    """
    parameters = {}
    for text in texts or []:
        name, equals, parameters[name] = text.partition("=")
        if not name or not equals:
            raise UsageError(
                f"--parameter {text}: give a name and a value, such as RebuildEvents=ENABLED"
            )
    return parameters


def _target(
    stack: str | None,
    delays: Mapping[str, float],
    parameters: Mapping[str, str],
    *,
    keep: bool,
    progress: Console,
) -> AbstractContextManager[Target]:
    if stack is None:
        return local_target(delays, parameters=parameters, keep=keep, console=progress)
    if delays or parameters or keep:
        raise UsageError(
            "--delay, --parameter and --keep are for the embedded AWS, not for --stack"
        )
    return nullcontext(stack_target(stack))


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
    out.print(f"{arn}\non {target.label}", style="dim", soft_wrap=True)
    try:
        with progress_on(out) as progress:
            return follow(client, arn, progress.tell)
    except KeyboardInterrupt:
        _interrupted(target, arn, environment_of(value) or "dev")
        raise typer.Exit(INTERRUPTED) from None


def _left_something(result: Result) -> bool:
    output = result.output or {}
    return output.get("action") == "provision" and not output.get("teardown")


def _interrupted(target: Target, arn: str, environment: str) -> None:
    err = console(stderr=True)
    if not target.lasting:
        target.stepfunctions.stop_execution(executionArn=arn, cause="interrupted by the user")
        err.print("Stopped. Nothing remains: its embedded AWS ends with it.", soft_wrap=True)
        return
    err.print(
        f"No longer following: the execution goes on, on {target.label}.\n"
        f"  to stop it:       {target.prelude}aws stepfunctions stop-execution --execution-arn {arn}\n"
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
