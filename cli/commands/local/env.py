"""`lifecycle local env`: print the variables that point any AWS client at the local AWS."""

from __future__ import annotations

from cli.display.variables import exports
from cli.invocation import this_command
from cli.options import StateDir
from cli.streams import console
from cli.target.running import running_aws


def usage() -> str:
    """Return how to use the command in a shell."""
    return f'Set the variables in this shell: eval "$({this_command()} local env)"'


def env(*, state_dir: StateDir = None) -> None:
    """Print the variables that point any AWS client at the local AWS."""
    console().print(exports(running_aws(state_dir).environment()), soft_wrap=True)
