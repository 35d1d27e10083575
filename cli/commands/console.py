"""`lifecycle console`: the environments and executions of a stack as pages in the browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Annotated

import typer

from cli.commands.local.up import stay
from cli.display.lines import print_prose
from cli.errors import FAILED, UsageError
from cli.options import Local, Stack, StateDir
from cli.streams import console as stream
from cli.target.deployed import deployed


def console(
    *,
    local: Local = False,
    stack: Stack = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port on the loopback interface; 0 selects a free one.",
            show_default="4580, or a free one",
        ),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    get: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Print what this page would answer, such as /, and exit."
        ),
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Serve pages about the stack on this machine, with your own credentials, until Ctrl-C.

    The printed address holds a token: only who has it is answered. Exit status: 0, 1 if a page given with --get
    cannot be made, 2 bad usage.
    """
    if get is not None and not get.startswith("/"):
        raise UsageError(f"--get {get}: give the path of a page, such as /executions")
    place = deployed(stack, local=local, state_dir=state_dir)
    # Imported late: no other command needs the web server.
    if get is not None:
        from cli.console.asked import get as ask

        answer = ask(place, get)
        stream(stderr=True).print(answer.status)
        sys.stdout.write(answer.body)
        if not answer.succeeded:
            raise typer.Exit(FAILED)
        return
    from cli.console.server import console_served

    with console_served(place, port) as gate:
        stream().print(gate.url, soft_wrap=True)
        err = stream(stderr=True)
        print_prose(err, f"The console of {place.label}; Ctrl-C stops it.", "green")
        if not no_open and _has_a_screen():
            # Every user of the machine can read the arguments of the browser's process.
            webbrowser.open(gate.url_for_one_opening())
        try:
            stay()
        except KeyboardInterrupt:
            err.print("Stopped.", style="dim")


def _has_a_screen() -> bool:
    """Whether a browser can open a window: not in a pipe, and on Linux only in a desktop session.

    Without one, Python could start a browser for terminals, which takes this one over.
    """
    if not sys.stdout.isatty():
        return False
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform != "linux" or bool(desktop)
