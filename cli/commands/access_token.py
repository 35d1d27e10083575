"""`lifecycle token`: print an access token of an environment's own caller."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.options import Local, Stack, StateDir
from cli.target.deployed import deployed


def token(
    environment: Annotated[str, typer.Argument(help="The environment.", metavar="ENV")],
    *,
    curl: Annotated[
        bool,
        typer.Option(
            "--curl", help="Print a curl command that asks for the token itself, not the token."
        ),
    ] = False,
    endpoint: Annotated[str, typer.Option(help="The endpoint that is to be called.")] = "live",
    local: Local = False,
    stack: Stack = None,
    state_dir: StateDir = None,
) -> None:
    """Print an access token of an environment's own caller to stdout, and nothing else.

    Exit status: 0 printed, 1 no token, 2 bad usage.
    """
    place = deployed(stack, local=local, state_dir=state_dir)

    # Imported late: other commands need nothing of it.
    from cli.asking.clients import CallerClients
    from cli.asking.curl import curl_command
    from cli.asking.sign_in import refuse_iam, sign_in
    from cli.asking.subject import find_asked

    asked = find_asked(place, environment, endpoint)
    refuse_iam(place, asked)
    clients = CallerClients(place)
    if curl:
        sys.stdout.write(curl_command(place, asked, clients) + "\n")
        return
    given = sign_in(place, asked, clients).token
    if given is not None:
        sys.stdout.write(given.get_secret_value() + "\n")
