"""`lifecycle logs`: print what the build, the agent and the functions of an environment have logged."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.display.lines import print_entry, print_prose
from cli.environments.argument import Environment
from cli.errors import INTERRUPTED, UsageError
from cli.options import Local, Stack, StateDir
from cli.streams import Streams
from cli.target.deployed import Deployed, deployed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.logs.entries import Entry
    from cli.logs.sources import Source
    from lifecycle.record import Record

_FOLLOW_SECONDS = 2.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SINCE = re.compile(r"([1-9]\d{0,6})([smhd])")
_DEFAULT = "1h"


def logs(
    environment: Environment,
    *,
    build: Annotated[bool, typer.Option("--build", help="Only its last build.")] = False,
    agent: Annotated[bool, typer.Option("--agent", help="Only its agent.")] = False,
    stage: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this stage, such as run_smoke_test; repeatable."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far back, such as 30s, 10m, 2h or 3d.",
            show_default="1h; with --build alone, all of it",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait for more lines until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    local: Local = False,
    stack: Stack = None,
    state_dir: StateDir = None,
) -> None:
    """Print what the last build, the agent and the functions of an environment have logged, in the order of time.

    Exit status: 0 printed, 1 failed, 2 bad usage, 130 interrupted.
    """
    # Imported late: other commands need nothing of it.
    from cli.logs import sources as kinds_of

    kinds = [kind for kind, given in ((kinds_of.BUILD, build), (kinds_of.AGENT, agent)) if given]
    kinds += [kinds_of.FUNCTIONS] if stage else []
    stages = [kinds_of.stage_of(name) for name in stage or []]
    begin = _begin(since, whole_build=kinds == [kinds_of.BUILD])
    place = deployed(stack, local=local, state_dir=state_dir)
    streams = Streams.for_output(as_json=as_json)
    count = 0
    try:
        for entry in _entries(
            place, environment, kinds or kinds_of.KINDS, stages, begin, follow=follow
        ):
            count += _print(streams, entry, as_json=as_json)
    except KeyboardInterrupt:
        # Ctrl-C is the normal way to end it, so there is no message.
        raise typer.Exit(INTERRUPTED) from None
    if not count:
        hint = "" if since else f" in the last {_DEFAULT}; to look further back, use --since"
        print_prose(streams.errors, f"no lines{hint}", "dim")


def _begin(since: str | None, *, whole_build: bool) -> int:
    """Return from when lines are read, in milliseconds since the epoch.

    Raises:
        UsageError: `since` is no time.
    """
    if since is None and whole_build:
        return 0
    found = _SINCE.fullmatch(since or _DEFAULT)
    if found is None:
        raise UsageError(f"--since: given {since}, allowed: a number and s, m, h or d, such as 10m")
    return int((time.time() - int(found[1]) * _UNITS[found[2]]) * 1000)


def _entries(
    place: Deployed,
    environment: str,
    kinds: Sequence[str],
    stages: Sequence[str],
    begin: int,
    *,
    follow: bool,
) -> Iterator[Entry]:
    # Imported late: other commands need nothing of it.
    from cli.environments.record import read_record
    from cli.logs import entries
    from cli.logs.sources import find_sources

    def sources() -> list[Source]:
        record: Record = read_record(place, environment)
        return find_sources(place, record, kinds, stages)

    client = place.client("logs")
    if follow:
        return entries.follow(client, sources, begin, lambda: time.sleep(_FOLLOW_SECONDS))
    return entries.read(client, sources(), begin)


def _print(streams: Streams, entry: Entry, *, as_json: bool) -> bool:
    """Print a line; `False` for one that a person does not need."""
    from cli.logs import line

    out = streams.result
    if as_json:
        text = line.as_json(entry)
        if text is not None:
            out.print(text, soft_wrap=True)
        return text is not None
    shown = line.as_text(entry, terminal=out.is_terminal, today=datetime.now().astimezone())
    if shown is None:
        return False
    print_entry(out, *shown)
    return True
