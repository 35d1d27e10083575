"""The parts of the `lifecycle` command put together; turns errors into exit statuses."""

from __future__ import annotations

import signal
import sys
from importlib import metadata
from types import FrameType
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from cli.commands import run
from cli.commands.local import faults, logs, up
from cli.inputs import UsageError
from cli.streams import INTERRUPTED, console
from cli.target.local import StartError
from cli.target.local_api import LocalApiError

_FAILED = 1
_USAGE = 2
_TERMINATED = 128 + signal.SIGTERM
_DISTRIBUTION = "agentcore-lifecycle"


class _Commands(TyperGroup):
    """Says that it was interrupted, which typer does not, where the command itself has not."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _say("interrupted")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # A traceback with the values of local variables could show a token.
    pretty_exceptions_enable=False,
)
local_app = typer.Typer(help="The embedded AWS on this machine.", no_args_is_help=True)
app.command()(run.run)
app.add_typer(local_app, name="local")
local_app.command()(up.up)
local_app.command()(up.env)
local_app.command()(up.status)
local_app.command()(up.down)
local_app.command()(logs.logs)
local_app.command()(logs.calls)
local_app.command()(logs.delays)
local_app.add_typer(faults.app, name="faults")


def _print_version(wanted: bool) -> None:
    if wanted:
        console().print(f"lifecycle {metadata.version(_DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def lifecycle(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """The whole life of an Amazon Bedrock AgentCore Runtime behind sign-in, from the command line."""


def start() -> None:
    """Run the command; ends with `SystemExit`."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except UsageError as error:
        _say(str(error))
        sys.exit(_USAGE)
    except (ClientError, BotoCoreError, LocalApiError, StartError) as error:
        _say(str(error))
        sys.exit(_FAILED)


def _say(message: str) -> None:
    console(stderr=True).print(f"lifecycle: {message}", style="red", soft_wrap=True)


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    # Unwinds the stack, so that an embedded AWS of this command ends with it.
    sys.exit(_TERMINATED)
