"""`lifecycle token`: print an access token of an environment's own caller."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cli.environments.argument import Environment
from cli.errors import UsageError
from cli.options import Local, Stack, StateDir
from cli.target.deployed import deployed


def token(
    environment: Environment,
    *,
    curl: Annotated[
        bool,
        typer.Option(
            "--curl", help="Print a curl command that asks for the token itself, not the token."
        ),
    ] = False,
    endpoint: Annotated[str, typer.Option(help="The endpoint that is to be called.")] = "live",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object with the token and when it expires.")
    ] = False,
    local: Local = False,
    stack: Stack = None,
    state_dir: StateDir = None,
) -> None:
    """Print an access token of an environment's own caller to stdout, and nothing else.

    Exit status: 0 printed, 1 no token, 2 bad usage.
    """
    if curl and as_json:
        raise UsageError("use either --curl or --json, not both")
    place = deployed(stack, local=local, state_dir=state_dir)

    # Imported late: other commands need nothing of it.
    from cli.asking.clients import CallerClients
    from cli.asking.curl import curl_command
    from cli.asking.sign_in import expiry_of, refuse_iam, sign_in
    from cli.asking.subject import find_asked

    asked = find_asked(place, environment, endpoint)
    refuse_iam(place, asked)
    clients = CallerClients(place)
    if curl:
        sys.stdout.write(curl_command(place, asked, clients) + "\n")
        return
    given = sign_in(place, asked, clients).token
    text = given.get_secret_value() if given is not None else ""
    if as_json:
        shown = {"environment": environment, "token": text, "expiresAt": expiry_of(text)}
        text = json.dumps(shown)
    sys.stdout.write(f"{text}\n")
