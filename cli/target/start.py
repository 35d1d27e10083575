"""Starts a local AWS: messages, errors, log file, and settings that every start shares."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from cli.errors import INTERRUPTED, StartError, UsageError
from cli.target.garbage_collection import garbage_collection_paused
from lifecycle.stages import STAGES, Machine

if TYPE_CHECKING:
    from local.agentcore.settings import Delays

FIRST_NEEDED = tuple(
    stage.function
    for stage in STAGES
    if stage.machine is Machine.LIFECYCLE and stage.handler != "record_failure"
)
"""Functions whose process starts in advance: those that an execution without a failure calls, in that order."""


@contextmanager
def starting(console: Console) -> Iterator[None]:
    """Wrap the start of a local AWS: show that it starts, and keep log records off the terminal until `log_to`.

    Raises:
        StartError: The state folder or the port is in use, or the template cannot be deployed.
        UsageError: The template does not allow a parameter, or a text is not a host name.
        typer.Exit: The user pressed Ctrl-C. The message is printed.
    """
    from local.edge.host_names import HostNameError
    from local.edge.server import PortError
    from local.embedded import AlreadyRunningError
    from local.stack.errors import ParameterError, StackError

    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        with console.status("Starting a local AWS from template.yaml"), garbage_collection_paused():
            yield
    except ParameterError as error:
        raise UsageError(f"--parameter: {error}") from error
    except HostNameError as error:
        raise UsageError(f"--host-name: {error}") from error
    except PortError as error:
        raise StartError(f"{error}: select another with --port; 0 selects a free one") from error
    except KeyboardInterrupt:
        console.print("Interrupted. The local AWS did not start.")
        raise typer.Exit(INTERRUPTED) from None
    except (AlreadyRunningError, StackError, OSError) as error:
        raise StartError(f"the local AWS cannot start: {error}") from error
    finally:
        logging.getLogger().removeHandler(silent)


def log_to(state_dir: Path) -> None:
    """Write what the local AWS and its libraries log in this process to a file in the state folder."""
    file = state_dir / "logs" / "embedded.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=file, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def agentcore_delays(seconds: Mapping[str, float]) -> Delays:
    """Return the local AgentCore's delays.

    Args:
        seconds: Seconds by name of the operation.

    Raises:
        UsageError: There is no delay of that name.
    """
    from local.agentcore.settings import Delays

    known = {field.name for field in fields(Delays)}
    if unknown := sorted(set(seconds) - known):
        raise UsageError(
            f"unknown delay: {', '.join(unknown)}; allowed: {', '.join(sorted(known))}"
        )
    return Delays(**seconds)
