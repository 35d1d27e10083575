"""The local AWS that the edit loop works on: the one that is running, or one of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.errors import NotUpError
from cli.invocation import this_command
from cli.target.deployed import Deployed, of_running
from cli.target.local import refuse_delays
from cli.target.local_api import LocalApi
from cli.target.redeploy import deploy_changes
from cli.target.running import running_aws
from cli.target.state_folder import state_dir_option
from cli.target.temporary import temporary_aws

QUICK = {"create": 0.0, "update": 0.0, "endpoint": 0.0, "gateway": 0.0, "delete": 0.0}
"""AgentCore's delays of a local AWS that starts for the loop: a person waits, and learns nothing from them."""
_SLOW_SECONDS = 0.5


@contextmanager
def dev_place(
    delays: Mapping[str, float], *, state_dir: Path | None, console: Console
) -> Iterator[tuple[Deployed, bool]]:
    """Use the local AWS that is running. If none is, start one, and stop it at the end of the `with` block.

    Args:
        delays: Seconds that AgentCore takes, by operation; only for a local AWS that starts here.
        state_dir: Use the local AWS that is running in this folder, and start none.
        console: Where to say what is done.

    Yields:
        The stack, and whether it stays after the end.

    Raises:
        UsageError: Delays are given, but a local AWS is running; or none is running in `state_dir`.
        StartError: It cannot start, or cannot deploy what has changed.
    """
    try:
        running = running_aws(state_dir)
    except NotUpError:
        if state_dir is not None:
            raise
        with (
            temporary_aws({**QUICK, **delays}, None, keep=False, console=console) as local_aws,
            local_aws.for_edits(),
        ):
            # Other terminals find it by its folder.
            folder = local_aws.state_dir
            yield of_running(running_aws(folder), _shown(folder)), False
        return
    refuse_delays(delays)
    deploy_changes(running.endpoint_url, state_dir, console)
    _advise(LocalApi(running.endpoint_url), state_dir, console)
    yield of_running(running, state_dir), True


def _shown(folder: Path) -> Path:
    """Return a folder as it is short to type, from where the user is."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _advise(api: LocalApi, state_dir: Path | None, console: Console) -> None:
    slow = {name: seconds for name, seconds in api.delays().items() if name in QUICK and seconds}
    if slow.get("update", 0) + slow.get("endpoint", 0) > _SLOW_SECONDS:
        words = " ".join(f"{name}=0" for name in slow)
        console.print(
            "The AgentCore of this local AWS takes its time, as the service does. For a faster loop:\n"
            f"  {this_command()} local delays{state_dir_option(state_dir)} {words}",
            style="dim",
            soft_wrap=not console.is_terminal,
        )
