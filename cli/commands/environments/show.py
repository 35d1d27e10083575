"""`lifecycle show`: everything that there is to know about one environment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.display.narrow import print_command, print_named, print_rows, print_sentence
from cli.environments.address import live_url
from cli.environments.argument import Environment
from cli.environments.moments import readable
from cli.environments.record import read_record
from cli.environments.view import view
from cli.environments.words import facts
from cli.invocation import ask_again, hint
from cli.options import AsJson, Local, Stack, StateDir
from cli.perform.ending import print_json
from cli.perform.naming import name_of
from cli.streams import Streams
from cli.target.deployed import Deployed, deployed


def show(
    environment: Environment,
    *,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Show an environment: what is live, how callers sign in, the last promotions and failure, and what to do next.

    It shows no secret. Exit status: 0, 1 if AWS refuses, 2 bad usage or no such environment.
    """
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    record = read_record(place, environment)
    found = view(record, live_url(place, record))
    if as_json:
        print_json(streams.result, found)
        return
    _print(streams.result, found, place)


def _print(out: Console, found: dict[str, Any], place: Deployed) -> None:
    print_named(out, facts(found, time.time()))
    if found["promotions"]:
        out.print("\nLast promotions", style="bold")
        live = (found["runtime"] or {}).get("liveVersion")
        rows = [
            (
                one["version"],
                readable(one["promotedAt"]),
                "live" if number == _place_of(live, found["promotions"]) else "",
                name_of(one["execution"]),
            )
            for number, one in enumerate(found["promotions"])
        ]
        print_rows(out, ("version", "promoted", "", "execution"), rows, right={"version"})
    if failure := found["lastFailure"]:
        out.print("\nLast failure", style="bold")
        print_sentence(out, Text(failure["reason"], "red"))
    out.print("\nNext", style="bold")
    for what, command in _next(found, place):
        print_sentence(out, f"{what}:")
        print_command(out, command)


def _place_of(live: str | None, promotions: list[dict[str, Any]]) -> int | None:
    return next((n for n, one in enumerate(promotions) if one["version"] == live), None)


def _next(found: dict[str, Any], place: Deployed) -> Iterator[tuple[str, str]]:
    """Return what can be done with the environment; what matters most is last."""
    name, options = found["environment"], place.options
    live = (found["runtime"] or {}).get("liveVersion")
    yield "To remove it", hint("teardown", options, name)
    yield "To see its executions", hint("executions", options, name)
    if live and any(one["version"] != live for one in found["promotions"]):
        yield "To go back to the version before", hint("rollback", options, name)
    if live:
        yield "To ask it a question", ask_again(options, name)
    failure = found["lastFailure"]
    if failure and failure["smokeTestExecution"]:
        execution = name_of(failure["smokeTestExecution"])
        yield "To see how its smoke test failed", hint("history", options, execution)
    if found["lock"]:
        execution = name_of(found["lock"]["execution"])
        yield "To follow the execution that works on it", hint("follow", options, execution)
