"""`lifecycle local invoke`: run one function of the local AWS with an event."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.config import Config

from cli.display.lines import plain, print_prose
from cli.errors import FAILED, UsageError
from cli.inputs import read_input
from cli.options import AsJson, StateDir
from cli.streams import Streams
from cli.target.deployed import of_running
from cli.target.functions import HANDLERS, function_of, functions_that_begin_with
from cli.target.running import running_aws

EVENTS = Path(__file__).resolve().parents[3] / "events"
# Lambda's own limit is 900 s; a retry would run the function a second time.
_PATIENT = Config(read_timeout=930, retries={"total_max_attempts": 1})


def invoke(
    function: Annotated[
        str,
        typer.Argument(
            help="The function's logical id, such as PrepareRequestFunction.",
            autocompletion=functions_that_begin_with,
        ),
    ],
    *,
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            "-e",
            metavar="FILE|-",
            help="The event as JSON; by default the function's file in events/.",
        ),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Also print the last 4 KB of what it logged, to stderr.")
    ] = False,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Run one function of the local AWS, and print what it returns. Exit status 1 if it fails."""
    streams = Streams.for_output(as_json=as_json)
    place = of_running(running_aws(state_dir), state_dir)
    called = function_of(place, function)
    given = read_input(event or _sample(function))
    answer = place.client("lambda", _PATIENT).invoke(
        FunctionName=called.name, Payload=json.dumps(given).encode(), LogType="Tail"
    )
    returned = json.loads(answer["Payload"].read())
    lines = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace").splitlines()
    failed = "FunctionError" in answer
    if log:
        for line in lines:
            streams.errors.print(plain(line), style="dim", soft_wrap=True)
    if as_json:
        shown: dict[str, Any] = {"function": function, "succeeded": not failed}
        shown["error" if failed else "answer"] = returned
        streams.result.print(json.dumps(shown, ensure_ascii=False), soft_wrap=True)
    elif not failed:
        text = json.dumps(returned, indent=2, ensure_ascii=False)
        streams.result.print(plain(text), soft_wrap=True)
    if failed:
        told = f"{returned.get('errorType', 'Error')}: {returned.get('errorMessage', '')}"
        print_prose(streams.errors, f"{function} failed with {plain(told)}", "red")
        raise typer.Exit(FAILED)


def _sample(function: str) -> str:
    """Return the file in `events/` with the event of a function of the template.

    Raises:
        UsageError: The function is of another template.
    """
    handler = HANDLERS.get(function)
    if handler is None:
        raise UsageError(f"events/ has no event for {function}: give one with --event")
    return str(EVENTS / f"{handler.replace('_', '-')}.json")
