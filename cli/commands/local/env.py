"""`lifecycle local env`: print the variables that point any AWS client, or `sam local`, at the local AWS."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli.display.lines import print_prose
from cli.display.variables import exports
from cli.errors import UsageError
from cli.invocation import this_command
from cli.options import StateDir
from cli.streams import console
from cli.target.deployed import Deployed, of_running
from cli.target.functions import functions_of
from cli.target.running import running_api, running_aws
from cli.target.state_folder import state_dir_option

CONTAINERS_HOST = "host.docker.internal"
"""The name by which Docker Desktop's containers reach the machine; `--add-host` gives it to those of other engines."""


def usage() -> str:
    """Return how to use the command in a shell."""
    return f'Set the variables in this shell: eval "$({this_command()} local env)"'


def env(
    *,
    sam: Annotated[
        bool,
        typer.Option(
            "--sam",
            help="Print the JSON file for the option --env-vars of sam local: every function's variables.",
        ),
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --sam: the name by which a container reaches the local AWS.",
            show_default=CONTAINERS_HOST,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --sam: write the file instead of printing it."),
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Print the variables that point any AWS client at the local AWS."""
    if not sam:
        for name, given in (("--host", host), ("--output", output)):
            if given is not None:
                raise UsageError(f"{name} is only for --sam")
        console().print(exports(running_aws(state_dir).environment()), soft_wrap=True)
        return
    place = of_running(running_aws(state_dir), state_dir)
    name = (host or CONTAINERS_HOST).lower()
    _require_name(name, state_dir)
    port = urlsplit(str(place.endpoint_url)).port
    text = json.dumps(_variables(place, f"http://{name}:{port}"), indent=2)
    if output is None:
        console().print(text, soft_wrap=True)
        return
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from error
    _explain(name, output, state_dir_option(state_dir))


def _variables(place: Deployed, endpoint_url: str) -> dict[str, dict[str, str]]:
    return {
        logical_id: {**function.variables, "AWS_ENDPOINT_URL": endpoint_url}
        for logical_id, function in functions_of(place).items()
    }


def _require_name(name: str, state_dir: Path | None) -> None:
    known = running_api(state_dir).health().get("hostNames", ["localhost"])
    if name not in known:
        option = state_dir_option(state_dir)
        raise UsageError(
            f"--host {name}: the local AWS answers only to {', '.join(known)}; "
            f"start it with `{this_command()} local up --host-name {shlex.quote(name)}{option}`"
        )


def _explain(name: str, output: Path, option: str) -> None:
    """Say how to use the file."""
    print_prose(
        console(stderr=True),
        f"written: {output}. sam takes the access key from this shell. For a function, run:\n"
        f'  eval "$({this_command()} local env{option})"\n'
        f"  sam local invoke PrepareRequestFunction --event events/prepare-request.json "
        f"--env-vars {shlex.quote(str(output))} --add-host {name}:host-gateway",
    )
