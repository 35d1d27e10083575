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

from cli.display.lines import print_facts
from cli.inputs import UsageError
from cli.options import (
    Delays,
    Parameters,
    StateDir,
    parse_delays,
    parse_parameters,
)
from cli.streams import console
from cli.target.local import (
    FIRST_NEEDED,
    STATE_ROOT,
    NotUpError,
    agentcore_delays,
    log_to,
    running_aws,
    starting,
    without_collections,
)
from cli.target.local_api import LocalApi

if TYPE_CHECKING:
    from local.edge.credentials import PrincipalKind
    from local.embedded import EmbeddedAws

_NONE_IS_UP = 1
_DOWN_SECONDS = 30.0
_DOWN_POLL_SECONDS = 0.1
_WAKE_SECONDS = 0.2
_CALLING_SERVICES = ("stepfunctions", "lambda", "events", "bedrock-agentcore")


def running_api(state_dir: Path | None = None) -> LocalApi:
    """Return a client of the API of the embedded AWS that is up; raises `NotUpError` as `running_aws` does."""
    return LocalApi(running_aws(state_dir).endpoint_url)


def exports(environment: Mapping[str, str]) -> str:
    """Write variables as lines that a shell can evaluate."""
    return "\n".join(
        f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items())
    )


def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on localhost; 0 for any that is free.")
    ] = 4566,
    state_dir: StateDir = None,
    delay: Delays = None,
    parameter: Parameters = None,
) -> None:
    """Keep the embedded AWS running in the foreground, and print the variables that point any AWS client at it."""
    delays, parameters = parse_delays(delay), parse_parameters(parameter)
    with without_collections():
        from local.embedded import EmbeddedAws, find_running

    running = find_running(state_dir or STATE_ROOT)
    if running is not None:
        raise UsageError(f"one is up already, at {running.endpoint_url} (process {running.pid})")
    out, err = console(), console(stderr=True)
    with starting(err):
        embedded = EmbeddedAws.start(
            state_dir=state_dir or STATE_ROOT / "up",
            port=port,
            parameters=parameters,
            delays=agentcore_delays(delays),
            warm=FIRST_NEEDED,
        )
    embedded.faults.callers = lambda: _callers(embedded)
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


def env(*, state_dir: StateDir = None) -> None:
    """Print the variables that point any AWS client at the embedded AWS: eval "$(lifecycle local env)"."""
    console().print(exports(running_aws(state_dir).environment()), soft_wrap=True)


def status(*, state_dir: StateDir = None) -> None:
    """Say whether an embedded AWS is up, and what it says about itself. Exit status 1 when none is."""
    try:
        running = running_aws(state_dir)
    except NotUpError as error:
        console(stderr=True).print(str(error), soft_wrap=True)
        raise typer.Exit(_NONE_IS_UP) from None
    health = LocalApi(running.endpoint_url).health()
    print_facts(console(), [(name, str(value)) for name, value in health.items()])


def down(*, state_dir: StateDir = None) -> None:
    """End the embedded AWS that is up, and wait until it is gone."""
    running = running_aws(state_dir)
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while _lives(running.pid):
        if time.monotonic() > deadline:
            console(stderr=True).print(
                f"process {running.pid} has not ended after {_DOWN_SECONDS:.0f} s", style="red"
            )
            raise typer.Exit(_NONE_IS_UP)
        time.sleep(_DOWN_POLL_SECONDS)
    console().print(f"ended: {running.endpoint_url}", soft_wrap=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _callers(embedded: EmbeddedAws) -> dict[str, PrincipalKind]:
    """Return who may call, by name: the stack's functions and roles (of agents and builds), services, and root."""
    made = embedded.stack.resources.values()
    roles = [one.ref for one in made if ":role/" in str(one.attributes.get("Arn"))]
    return {
        **{spec.logical_id: "function" for spec in embedded.functions.specs()},
        **dict.fromkeys(roles, "role"),
        **dict.fromkeys(_CALLING_SERVICES, "service"),
        "root": "root",
    }
