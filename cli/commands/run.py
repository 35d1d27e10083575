"""`lifecycle run`: start an execution, follow it, and show its result."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.display.lines import print_prose
from cli.environments.argument import InputEnvironment
from cli.errors import FAILED, CommandError, UsageError
from cli.execution.follow import Result
from cli.inputs import override, read_input, validate
from cli.options import (
    Delays,
    Input,
    Parameters,
    ReadingsGiven,
    StateDir,
    parse_delays,
    parse_parameters,
    parse_readings,
)
from cli.perform.ending import show_end
from cli.perform.execution import execute
from cli.report.files import format_of, write
from cli.streams import Streams
from cli.target.deployed import deployed, lifecycle_of
from cli.target.local import local_target
from cli.target.stack import options_of
from cli.target.state_folder import state_dir_option
from cli.target.target import Target
from lifecycle.request.limits.environment import environment_of


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
    source: Input = None,
    environment: InputEnvironment = None,
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
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="At the end, also write a report; the file ends with .html, .json or .xml (JUnit).",
        ),
    ] = None,
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
        validate(
            value,
            options_of(stack) if stack is not None else f"--local{state_dir_option(state_dir)}",
        )
    report_format = None if report is None else format_of(report)
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
        place = nullcontext(lifecycle_of(deployed(stack, local=False, state_dir=None)))
    with place as target:
        environment = environment_of(value)
        result = execute(target, value, streams.progress, environment=environment)
        problem = _report(target, result, report, report_format)
    show_end(result, target, streams, as_json=as_json)
    if problem is not None:
        print_prose(streams.errors, f"The report was not written: {problem}", "yellow")
    if not result.succeeded:
        raise typer.Exit(FAILED)


def _report(target: Target, result: Result, file: Path | None, kind: str | None) -> str | None:
    """Write the report that was asked for; returns why it is not written, which does not change the exit status."""
    if file is None or kind is None:
        return None
    if target.place is None:
        return f"the stack of {target.label} is not known"
    # Imported late: a run without a report needs nothing of it.
    from cli.report.content import content

    try:
        write(content(target.place, result.execution_arn), file, kind)
    except (CommandError, ClientError, BotoCoreError, ValueError) as error:
        # A record of another version is no reason to hide how the execution ended.
        return str(error)
    return None
