"""Where `plan` works: as other commands do, or on a local AWS that is started for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.target.deployed import deployed, lifecycle_of
from cli.target.local import local_target
from cli.target.target import Target


@contextmanager
def any_target(
    stack: str | None, *, local: bool, state_dir: Path | None, console: Console
) -> Iterator[Target]:
    """Use a stack in AWS, the local AWS that is running, or one that is started for this command only.

    Args:
        stack: The option `--stack`.
        local: The option `--local`.
        state_dir: The option `--state-dir`.
        console: Where to say that a local AWS starts.

    Raises:
        UsageError: Options that exclude each other, or there is no such stack.
        StartError: The local AWS cannot start.
    """
    if stack is None:
        with local_target({}, state_dir=state_dir, console=console) as target:
            yield target
    else:
        yield lifecycle_of(deployed(stack, local=local, state_dir=state_dir))
