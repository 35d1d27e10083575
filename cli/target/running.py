"""Finds the local AWS that another process keeps running."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import NotUpError
from cli.invocation import this_command
from cli.target import state_folder
from cli.target.local_api import LocalApi
from cli.target.state_folder import state_dir_option

if TYPE_CHECKING:
    from local.emulator.running import RunningAws


def running_aws(state_dir: Path | None = None) -> RunningAws:
    """Return the local AWS that is running in a state folder, by default in that of `local up`.

    Raises:
        NotUpError: None is running in that folder.
    """
    # Imported late: a run against AWS needs nothing of the local AWS. To find one, this module is enough; the emulator
    # itself takes seconds to import.
    from local.emulator.running import find_running

    running = find_running(state_dir or state_folder.STATE_ROOT)
    if running is None:
        where, option = (f" in {state_dir}", state_dir_option(state_dir)) if state_dir else ("", "")
        raise NotUpError(
            f"no local AWS is running{where}: start one with `{this_command()} local up{option}`"
        )
    return running


def running_api(state_dir: Path | None = None) -> LocalApi:
    """Return a client for the API of the local AWS that is running.

    Raises:
        NotUpError: None is running in that folder.
    """
    return LocalApi(running_aws(state_dir).endpoint_url)
