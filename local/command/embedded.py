"""`lifecycle local up`, `env`, `status` and `down`: an embedded AWS that stays."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.command.inputs import UsageError
from local.command.lines import print_facts
from local.command.local_api import LocalApi
from local.command.run import parse_delays, parse_parameters
from local.command.streams import console
from local.command.target import (
    FIRST_NEEDED,
    STATE_ROOT,
    agentcore_delays,
    log_to,
    starting,
    without_collections,
)

if TYPE_CHECKING:
    from local.embedded import RunningAws

_NONE_IS_UP = 1
_DOWN_SECONDS = 30.0
_DOWN_POLL_SECONDS = 0.1
_WAKE_SECONDS = 0.2


class NotUpError(UsageError):
    """No embedded AWS is up."""


def running_aws() -> RunningAws:
    """Return the embedded AWS that is up.

    Raises:
        NotUpError: None is.
    """
    from local.embedded import find_running

    running = find_running(STATE_ROOT)
    if running is None:
        raise NotUpError("no embedded AWS is up: start one with `lifecycle local up`")
    return running


def running_api() -> LocalApi:
    """Return a client of the API of the embedded AWS that is up; raises `NotUpError` as `running_aws` does."""
    return LocalApi(running_aws().endpoint_url)


def exports(environment: Mapping[str, str]) -> str:
    """Write variables as lines that a shell can evaluate."""
    return "\n".join(
        f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())
    )


def up(
    *,
    port: Annotated[int, typer.Option(help="Port on localhost; 0 for any that is free.")] = 4566,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where everything that it writes goes.")
    ] = None,
    delay: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SECONDS", help="How long AgentCore takes, repeatable."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter of the template, repeatable."),
    ] = None,
) -> None:
    """Keep the embedded AWS running in the foreground, and print the variables that point any AWS client at it."""
    with without_collections():
        from local.embedded import EmbeddedAws, find_running

    running = find_running(STATE_ROOT)
    if running is not None and state_dir is None:
        raise UsageError(f"one is up already, at {running.endpoint_url} (process {running.pid})")
    parameters = parse_parameters(parameter)
    out, err = console(), console(stderr=True)
    with starting(err):
        embedded = EmbeddedAws.start(
            state_dir=state_dir or STATE_ROOT / "up",
            port=port,
            parameters=parameters,
            delays=agentcore_delays(parse_delays(delay)),
            warm=FIRST_NEEDED,
        )
    log_to(embedded.state_dir)
    with embedded:
        out.print(exports(embedded.environment()), soft_wrap=True)
        err.print(f"up at {embedded.endpoint_url}; Ctrl-C ends it", style="green", soft_wrap=True)
        try:
            stay()
        except KeyboardInterrupt:
            err.print("stopping", style="dim")


def stay() -> None:
    """Wait until a signal handler raises.

    The kernel may hand a signal to any thread, and Python runs its handler when the main thread next wakes: so this
    wakes often, which `signal.pause` does not.
    """
    while True:
        time.sleep(_WAKE_SECONDS)


def env() -> None:
    """Print the variables that point any AWS client at the embedded AWS: eval "$(lifecycle local env)"."""
    console().print(exports(running_aws().environment()), soft_wrap=True)


def status() -> None:
    """Say whether an embedded AWS is up, and what it says about itself. Exit status 1 when none is."""
    try:
        running = running_aws()
    except NotUpError as error:
        console(stderr=True).print(str(error))
        raise typer.Exit(_NONE_IS_UP) from None
    health = LocalApi(running.endpoint_url).health()
    print_facts(console(), [(name, str(value)) for name, value in health.items()])


def down() -> None:
    """End the embedded AWS that is up, and wait until it is gone."""
    running = running_aws()
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while _lives(running.pid):
        if time.monotonic() > deadline:
            console(stderr=True).print(
                f"process {running.pid} has not ended after {_DOWN_SECONDS:.0f} s", style="red"
            )
            raise typer.Exit(_NONE_IS_UP)
        time.sleep(_DOWN_POLL_SECONDS)
    console().print(f"ended: {running.endpoint_url}")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
