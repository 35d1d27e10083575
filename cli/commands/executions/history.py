"""`lifecycle history`: what an execution did, stage by stage, whether it still runs or not."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.display.narrow import print_named, print_sentence, print_step
from cli.display.progress import finished_line, running_text
from cli.display.result import show_checks
from cli.execution.follow import RUNNING, Result, result_of
from cli.execution.history import HistoryReader
from cli.execution.timeline import Timeline
from cli.invocation import hint
from cli.options import AsJson, ExecutionId, Local, Stack, StateDir
from cli.perform.account import account, facts
from cli.perform.ending import print_json, show_failure
from cli.perform.naming import describe, is_of_fleet
from cli.streams import Streams
from cli.target.deployed import Deployed, deployed


def history(
    execution: ExecutionId,
    *,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Show what an execution has done: each stage with its duration, rounds, retries and failure.

    Exit status: 0, 1 if AWS refuses, 2 bad usage or no such execution.
    """
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    client = place.client("stepfunctions")
    description = describe(place, client, execution)
    timeline = Timeline()
    timeline.add(HistoryReader(client, description["executionArn"]).read())
    ended = description["status"] not in RUNNING
    result = result_of(description, timeline) if ended else None
    fleet = is_of_fleet(place, description["executionArn"])
    told = account(description, timeline, result, of_fleet=fleet)
    if as_json:
        print_json(streams.result, told)
        return
    _print(streams, told, timeline)
    show_checks(streams.result, told["output"] or {})
    _last_line(streams, told, result, place)


def _print(streams: Streams, told: dict[str, Any], timeline: Timeline) -> None:
    out: Console = streams.result
    print_named(out, facts(told))
    out.print()
    now = datetime.now(UTC)
    for stage in timeline.stages:
        running = stage in timeline.running
        if running and stage.outcome == "running":
            print_sentence(out, Text.assemble("… ", running_text(stage, now)))
        else:
            print_sentence(out, finished_line(stage, now))


def _last_line(
    streams: Streams, told: dict[str, Any], result: Result | None, place: Deployed
) -> None:
    name = shlex.quote(told["name"])
    if result is None:
        streams.result.print()
        print_step(
            streams.result, "It still runs. To follow it:", hint("follow", place.options, name)
        )
        return
    if result.failure is not None:
        # It was asked for, so it is the result of this command.
        show_failure(streams.result, result.failure)
        return
    streams.result.print()
    print_step(
        streams.result,
        "Succeeded. To see its output:",
        hint("history", place.options, name, "--json"),
    )
