"""`lifecycle report`: an execution of the lifecycle or of a fleet as a page, as JSON, or as JUnit XML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.display.narrow import print_named, print_sentence
from cli.errors import UsageError
from cli.options import AsJson, ExecutionId, Local, Stack, StateDir
from cli.perform.account import facts
from cli.perform.ending import print_json
from cli.perform.naming import describe, is_of_fleet
from cli.report.files import check, write
from cli.streams import Streams
from cli.target.deployed import deployed
from cli.texts import DEFAULT, LANGUAGES


def report(
    execution: ExecutionId,
    *,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page that needs no other file."),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write JUnit XML, for CI systems."),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            metavar="|".join(LANGUAGES), help="The language of the page, English or Japanese."
        ),
    ] = DEFAULT,
    as_json: AsJson = False,
    local: Local = False,
    stack: Stack = None,
    state_dir: StateDir = None,
) -> None:
    """Report an execution of the lifecycle or of a fleet: what was asked, its stages, checks, versions and cost.

    The exit status does not say how the execution ended. Exit status: 0, 1 if AWS refuses or a file cannot be written,
    2 bad usage or no such execution.
    """
    wanted = [
        (kind, option, file)
        for kind, option, file in (
            ("html", "--html", html),
            ("junit", "--junit", junit),
        )
        if file is not None
    ]
    if not wanted and not as_json:
        raise UsageError("give --html FILE, --junit FILE, --json, or several of them")
    if language not in LANGUAGES:
        raise UsageError(f"--language {language}: give {' or '.join(LANGUAGES)}")
    for _, option, file in wanted:
        check(file, option)
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)

    # Imported late: other commands need nothing of it.
    from cli.report.content import content

    arn = describe(place, place.client("stepfunctions"), execution)["executionArn"]
    made = content(place, arn, of_fleet=is_of_fleet(place, arn))
    for kind, _, file in wanted:
        write(made, file, kind, language)
    if as_json:
        print_json(streams.result, made)
    else:
        print_named(streams.result, facts(made))
    for kind, _, file in wanted:
        print_sentence(streams.progress, f"{kind}: {file}")
