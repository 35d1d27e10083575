"""`lifecycle local status`: show whether a local AWS is running."""

from __future__ import annotations

import typer

from cli.display.lines import print_facts, print_prose
from cli.errors import FAILED, NotUpError
from cli.options import StateDir
from cli.streams import console
from cli.target.running import running_api


def status(*, state_dir: StateDir = None) -> None:
    """Show whether a local AWS is running, and its endpoint, stack and state folder. Exit status 1 if none is."""
    try:
        api = running_api(state_dir)
    except NotUpError as error:
        print_prose(console(stderr=True), str(error))
        raise typer.Exit(FAILED) from None
    print_facts(console(), [(name, str(value)) for name, value in api.health().items()])
