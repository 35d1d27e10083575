"""`lifecycle local up`: keep a local AWS running."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from cli.commands.local.detached import OPTIONS, start_detached
from cli.commands.local.leaving import environments_in, stay_until_sure
from cli.display.lines import print_prose
from cli.display.variables import exports
from cli.errors import CommandError, UsageError
from cli.keeping.session import kept, notes_of, said
from cli.options import (
    LOOPBACK,
    Delays,
    Parameters,
    ReadingsGiven,
    StateDir,
    parse_address,
    parse_delays,
    parse_parameters,
    parse_readings,
)
from cli.streams import console
from cli.target import state_folder
from cli.target.garbage_collection import garbage_collection_paused
from cli.target.start import FIRST_NEEDED, agentcore_delays, log_to, starting

if TYPE_CHECKING:
    from local.edge.credentials import PrincipalKind
    from local.embedded import EmbeddedAws

_WAKE_SECONDS = 0.2
_EXPOSED = (
    "Whoever reaches {address} on this port reaches the local AWS: with a key from `local env` all of it, and "
    "without a key what AWS serves without one, such as a sign-in. /_local/ (call log, faults, delays, stack) "
    "answers only to this machine. Use it only in a network that you trust."
)
_LOST = "deletes every environment in it"
_CALLING_SERVICES = ("stepfunctions", "lambda", "events", "bedrock-agentcore")


def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on localhost; 0 selects a free one.")
    ] = 4566,
    state_dir: StateDir = None,
    delay: Delays = None,
    parameter: Parameters = None,
    reading: ReadingsGiven = None,
    detach: Annotated[
        bool,
        typer.Option(
            *OPTIONS, help="Run in the background; returns when the local AWS can be used."
        ),
    ] = False,
    no_console: Annotated[
        bool, typer.Option("--no-console", help="Do not serve the console beside it.")
    ] = False,
    keep_state: Annotated[
        bool,
        typer.Option(
            "--keep-state",
            help="When it stops, keep the input and the source of each environment; the next start with this "
            "option provisions them again.",
        ),
    ] = False,
    host_name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name by which containers ask for it, such as host.docker.internal; repeatable.",
        ),
    ] = None,
    bind: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="An IPv4 address of this machine to listen on beside 127.0.0.1, such as 172.17.0.1 for "
            "containers. Whoever reaches it reaches the local AWS.",
        ),
    ] = None,
) -> None:
    """Keep a local AWS running, and print the variables that point any AWS client at it.

    It also serves the console (see `lifecycle console`), and prints its address to stderr; with --detach, it prints
    the command for the console instead.
    When it stops, every environment in it is gone, unless --keep-state is given.
    """
    if detach:
        start_detached(sys.argv[1:], state_dir, console(), console(stderr=True))
        return
    delays, parameters = parse_delays(delay), parse_parameters(parameter)
    readings = parse_readings(reading)
    address = parse_address(bind)
    with garbage_collection_paused():
        from local.embedded import EmbeddedAws, find_running

    running = find_running(state_dir or state_folder.STATE_ROOT)
    if running is not None:
        raise UsageError(
            f"a local AWS is already running at {running.endpoint_url} (process {running.pid})"
        )
    out, err = console(), console(stderr=True)
    folder = state_folder.folder_of_up(state_dir)
    notes = notes_of(folder)
    # What cannot be read is said before anything starts.
    waiting = notes.read() if keep_state else None
    with starting(err):
        state_folder.remove_dead()
        local_aws = EmbeddedAws.start(
            state_dir=folder,
            port=port,
            host_names=host_name or (),
            bind=address,
            parameters=parameters,
            delays=agentcore_delays(delays),
            readings=readings,
            warm=FIRST_NEEDED,
        )
    local_aws.faults.callers = lambda: _callers(local_aws)
    log_to(local_aws.state_dir)
    try:
        with local_aws:
            out.print(exports(local_aws.environment()), soft_wrap=True)
            print_prose(
                err,
                # Scripts wait for a line that begins so.
                f"up at {local_aws.endpoint_url}; "
                f"Ctrl-C stops the local AWS and {'keeps its environments' if keep_state else _LOST}",
                "green",
            )
            if address != LOOPBACK:
                print_prose(err, _EXPOSED.format(address=address), "yellow")
            with (
                kept(local_aws, state_dir, partial(print_prose, err), waiting=waiting),
                _console(state_dir, err, wanted=not no_console),
            ):
                stay_until_sure(
                    stay, lambda: [] if keep_state else environments_in(local_aws.state_dir), err
                )
            err.print("Stopping the local AWS.", style="dim")
    finally:
        state_folder.empty(local_aws.state_dir)
    if keep_state and (names := notes.names()):
        print_prose(err, f"Stopped. {said(names)}")
        return
    print_prose(err, "Stopped. The local AWS and every environment in it are gone.")


@contextmanager
def _console(state_dir: Path | None, err: Console, *, wanted: bool) -> Iterator[None]:
    """Serve the console until the block ends, and print its address.

    All of it happens in a thread, imports included: who waits for the local AWS does not wait for the console.
    """
    ended = threading.Event()

    def serve() -> None:
        from cli.console.server import console_served
        from cli.target.deployed import deployed

        try:
            place = deployed(None, local=True, state_dir=state_dir)
            with console_served(place, None) as gate:
                err.print(f"console at {gate.url}", soft_wrap=True)
                ended.wait()
        except (CommandError, ClientError, BotoCoreError) as error:
            print_prose(err, f"The console could not start: {error}", "yellow")

    if not wanted:
        yield
        return
    thread = threading.Thread(target=serve, name="console-start", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def stay() -> None:
    """Wait until a signal handler raises an exception.

    The kernel can deliver a signal to any thread, but Python runs the handler when the main thread wakes up. So this
    wakes up often, which `signal.pause` does not.
    """
    while True:
        time.sleep(_WAKE_SECONDS)


def _callers(local_aws: EmbeddedAws) -> dict[str, PrincipalKind]:
    """Return the kind of each caller by name: the stack's functions, its roles, services, and root."""
    made = local_aws.stack.resources.values()
    roles = [one.ref for one in made if ":role/" in str(one.attributes.get("Arn"))]
    return {
        **{spec.logical_id: "function" for spec in local_aws.functions.specs()},
        **dict.fromkeys(roles, "role"),
        **dict.fromkeys(_CALLING_SERVICES, "service"),
        "root": "root",
    }
