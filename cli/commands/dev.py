"""`lifecycle dev`: deploy an agent to the local AWS after each save, and show its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.display.lines import print_prose
from cli.display.narrow import print_command
from cli.environments.argument import InputEnvironment
from cli.errors import UsageError
from cli.inputs import override, read_input, validate
from cli.invocation import ask_again, hint
from cli.options import AsJson, Delays, Input, StateDir, parse_delays
from cli.streams import Streams
from cli.target.deployed import Deployed, lifecycle_of

AGENT = Path(__file__).resolve().parents[2] / "agent"
"""The bundled agent."""
_NOT_OF_A_FOLDER = ("source", "package", "containerUri")


def dev(
    folder: Annotated[
        Path | None,
        typer.Argument(help="The agent's folder.", show_default="agent/ of the checkout"),
    ] = None,
    *,
    environment: InputEnvironment = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the agent is asked after each save.")
    ] = None,
    source: Input = None,
    delay: Delays = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Watch an agent's folder. After each save, provision it on the local AWS, test it, ask it, and show the answer.

    It uses the local AWS that is running, or starts one of its own. Ctrl-C ends it.
    """
    agent = (folder or AGENT).resolve()
    if not agent.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    value = _input(source, environment, prompt)
    # Imported late: other commands need nothing of it.
    from cli.dev.display import Display
    from cli.dev.loop import edit_loop
    from cli.dev.place import dev_place
    from cli.dev.round import Round
    from cli.dev.source import Source
    from cli.dev.watcher import Watcher

    streams = Streams.for_output(as_json=as_json)
    with dev_place(parse_delays(delay), state_dir=state_dir, console=streams.errors) as (
        place,
        stays,
    ):
        name = str(value["environment"])
        made = Source(agent, place, name, value["artifact"].get("type", "container"))
        value["artifact"]["source"] = made.location
        shown, target = Display(streams, as_json=as_json), lifecycle_of(place)
        rounds = Round(target, made, value, streams.progress, shown.answered)
        _introduce(streams, agent, place, name)
        try:
            with Watcher(agent) as watcher:
                edit_loop(rounds, watcher, shown)
        except KeyboardInterrupt:
            streams.errors.print("\nStopping.", style="dim")
            if rounds.execution is not None:
                target.stepfunctions.stop_execution(
                    executionArn=rounds.execution, cause="interrupted by the user"
                )
    _say_what_is_left(streams, place, name, stays=stays, stopped=rounds.execution is not None)


def _input(source: str | None, environment: str | None, prompt: str | None) -> dict[str, Any]:
    """Return the input of each round, except for the place of the source.

    Raises:
        UsageError: It is no valid input, or one that deploys something else than a folder.
    """
    value = override(read_input(source), environment=environment)
    artifact = dict(value.get("artifact") or {}) if _is_object(value, "artifact") else None
    smoke_test = dict(value.get("smokeTest") or {}) if _is_object(value, "smokeTest") else None
    if artifact is None or smoke_test is None:
        validate(value)
        raise UsageError("artifact and smokeTest of the input must be objects")
    if value.get("action", "provision") != "provision":
        raise UsageError(f"dev provisions; given: action {value['action']}")
    if named := [name for name in _NOT_OF_A_FOLDER if name in artifact]:
        raise UsageError(f"dev deploys a folder; remove artifact.{named[0]} from the input")
    if prompt is not None:
        smoke_test["prompt"] = prompt
    found = {**value, "environment": value.get("environment") or "dev", "artifact": artifact}
    if smoke_test:
        found["smokeTest"] = smoke_test
    validate(found)
    return found


def _is_object(value: dict[str, Any], name: str) -> bool:
    return isinstance(value.get(name) or {}, dict)


def _introduce(streams: Streams, agent: Path, place: Deployed, environment: str) -> None:
    out = streams.progress
    print_prose(
        out,
        f"Watching {agent}. Each save provisions environment {environment} on {place.label}. Ctrl-C ends it.",
        "dim",
    )
    print_prose(out, "To ask it more from another terminal:", "dim")
    print_command(out, ask_again(place.options, environment))


def _say_what_is_left(
    streams: Streams, place: Deployed, environment: str, *, stays: bool, stopped: bool
) -> None:
    err = streams.errors
    if not stays:
        print_prose(err, "Stopped. The local AWS of this loop is gone with everything in it.")
        return
    begun = "The execution that ran was stopped. " if stopped else ""
    print_prose(err, f"Stopped. {begun}Environment {environment} is still on {place.label}.")
    print_prose(err, "To remove it:")
    print_command(err, hint("teardown", place.options, environment))
