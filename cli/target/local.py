"""The local AWS as a target: the one that is running, or one for this command only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.errors import NotUpError, UsageError
from cli.invocation import this_command
from cli.target.deployed import lifecycle_of, of_running
from cli.target.redeploy import deploy_changes
from cli.target.running import running_aws
from cli.target.target import Target
from cli.target.temporary import temporary_target


@contextmanager
def local_target(
    delays: Mapping[str, float],
    *,
    parameters: Mapping[str, str] | None = None,
    readings: Mapping[str, str] | None = None,
    keep: bool = False,
    state_dir: Path | None = None,
    console: Console,
) -> Iterator[Target]:
    """Use the local AWS that is running. If none is, start one, and stop it at the end of the `with` block.

    One that is running first deploys what has changed in `agent/`, `functions/` and the definitions.

    Args:
        delays: Seconds that AgentCore takes, by operation; only for a local AWS that starts here.
        parameters: The template's parameters, by name; only for a local AWS that starts here.
        readings: What to play where AWS's behaviour is not known; only for a local AWS that starts here.
        keep: Keep the state folder of a local AWS that starts here.
        state_dir: Use the local AWS that is running in this folder, and start none; by default that of `local up`.
        console: Where to say that it starts, and what is kept.

    Raises:
        UsageError: Delays, parameters, readings or `keep` are given, but a local AWS is already running; none is
            running in `state_dir`; there is no such delay or parameter; or the template does not allow a value.
        StartError: It cannot start, or cannot deploy what has changed.
    """
    try:
        running = running_aws(state_dir)
    except NotUpError:
        if state_dir is not None:
            raise
    else:
        _refuse_settings(delays, parameters, readings, keep=keep)
        deploy_changes(running.endpoint_url, state_dir, console)
        yield lifecycle_of(of_running(running, state_dir))
        return
    with temporary_target(
        delays, parameters, keep=keep, console=console, readings=readings
    ) as target:
        yield target


def refuse_delays(delays: Mapping[str, float]) -> None:
    """Refuse delays for a local AWS that is running.

    Raises:
        UsageError: There are some. The message says how to change them.
    """
    if delays:
        raise UsageError(
            "--delay: a local AWS is already running; "
            f"change its delays with `{this_command()} local delays`"
        )


def _refuse_settings(
    delays: Mapping[str, float],
    parameters: Mapping[str, str] | None,
    readings: Mapping[str, str] | None,
    *,
    keep: bool,
) -> None:
    """Refuse what only the start of a local AWS can set."""
    refuse_delays(delays)
    if parameters:
        raise UsageError(
            "--parameter: a local AWS is already running; "
            f"stop it with `{this_command()} local down` before you start one with other parameters"
        )
    if readings:
        raise UsageError(
            "--reading: a local AWS is already running; "
            f"stop it with `{this_command()} local down` before you start one with other readings"
        )
    if keep:
        raise UsageError("--keep: a local AWS is already running, and keeps its files; omit --keep")
