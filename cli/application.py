"""The `lifecycle` application: registers the commands, and turns errors into exit statuses.

To add a command, write a module in `cli/commands/` and add one line below.
"""

from __future__ import annotations

import signal
import sys
from importlib import metadata
from types import FrameType
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from cli.commands import access_token, ask, dev, fleet, logs, prove, run
from cli.commands import console as console_command
from cli.commands.environments import list_environments, plan, rollback, show, teardown
from cli.commands.executions import (
    follow_execution,
    history,
    list_executions,
    open_console,
    report_execution,
    stop,
)
from cli.commands.local import calls, delays, down, env, faults, invoke, status, up
from cli.commands.local import logs as local_logs
from cli.display.lines import print_prose
from cli.errors import FAILED, INTERRUPTED, CommandError
from cli.streams import console

_NAME = "lifecycle"
_TERMINATED = 128 + signal.SIGTERM
_DISTRIBUTION = "agentcore-lifecycle"


class _Commands(TyperGroup):
    """Prints a message after Ctrl-C if the command itself prints none; typer does not."""

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
app.command()(run.run)
app.command()(dev.dev)
app.command("list")(list_environments.list_environments)
app.command()(show.show)
app.command()(plan.plan)
app.command()(rollback.rollback)
app.command()(teardown.teardown)
app.command("executions")(list_executions.list_executions)
app.command()(history.history)
app.command("follow")(follow_execution.follow_execution)
app.command()(stop.stop)
app.command()(report_execution.report)
app.command("open")(open_console.open_console)
app.add_typer(fleet.app, name="fleet")
app.command()(ask.ask)
app.command()(access_token.token)
app.command()(logs.logs)
app.command()(console_command.console)
app.command()(prove.prove)

local = typer.Typer(help="The local AWS on this machine.", no_args_is_help=True)
app.add_typer(local, name="local")
local.command()(up.up)
local.command(epilog=env.usage())(env.env)
local.command()(status.status)
local.command()(down.down)
local.command()(invoke.invoke)
local.command()(local_logs.logs)
local.command()(calls.calls)
local.command()(delays.delays)
local.add_typer(faults.app, name="faults")


def _print_version(wanted: bool) -> None:
    if wanted:
        console().print(f"{_NAME} {metadata.version(_DISTRIBUTION)}")
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
        app(prog_name=_NAME)
    except CommandError as error:
        _say(str(error))
        sys.exit(error.exit_status)
    except (ClientError, BotoCoreError) as error:
        _say(str(error))
        sys.exit(FAILED)


def _say(message: str) -> None:
    print_prose(console(stderr=True), f"{_NAME}: {message}", "red")


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    # Unwinds the stack, so that a local AWS of this command stops with it.
    sys.exit(_TERMINATED)
