"""The `lifecycle` command: puts its parts together and turns errors into exit statuses."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import typer
from botocore.exceptions import BotoCoreError, ClientError

from local.command import embedded, faults, observe, run
from local.command.inputs import UsageError
from local.command.local_api import LocalApiError
from local.command.streams import console
from local.command.target import StartError

_FAILED = 1
_USAGE = 2
_TERMINATED = 128 + signal.SIGTERM

app = typer.Typer(
    help="The whole life of an Amazon Bedrock AgentCore Runtime behind sign-in, from the command line.",
    no_args_is_help=True,
    # A traceback with the values of local variables could show a token.
    pretty_exceptions_enable=False,
)
local_app = typer.Typer(help="The embedded AWS on this machine.", no_args_is_help=True)
app.command()(run.run)
app.add_typer(local_app, name="local")
local_app.command()(embedded.up)
local_app.command()(embedded.env)
local_app.command()(embedded.status)
local_app.command()(embedded.down)
local_app.command()(observe.logs)
local_app.command()(observe.calls)
local_app.command()(observe.delays)
local_app.add_typer(faults.app, name="faults")


def main() -> None:
    """Run the command; the exit status is 0, 1 (failed), 2 (bad usage or input) or 130 (interrupted)."""
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


if __name__ == "__main__":
    main()
