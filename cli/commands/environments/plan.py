"""`lifecycle plan`: what a provision would do, before it does."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from cli.environments.argument import InputEnvironment
from cli.errors import FAILED, UsageError
from cli.inputs import override, read_input, validate
from cli.invocation import hint
from cli.options import AsJson, Input, Stack, StateDir
from cli.perform.ending import show_end
from cli.perform.execution import execute
from cli.perform.place import any_target
from cli.streams import Streams
from cli.target.target import Target
from lifecycle.request.inputs import unwrap


def plan(
    *,
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="Use the local AWS that is running, or start one for this plan. The default.",
        ),
    ] = False,
    stack: Stack = None,
    source: Input = None,
    environment: InputEnvironment = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Show what `run` with the same input would build, create, update and repair. It changes nothing.

    Exit status: 0 succeeded, 1 failed, 2 bad usage or input, 130 interrupted.
    """
    streams = Streams.for_output(as_json=as_json)
    given = override(read_input(source), environment=environment)
    validate(given)
    value = _dry(given)
    with any_target(stack, local=local, state_dir=state_dir, console=streams.errors) as target:
        result = execute(target, value, streams.progress, environment=None)
    again = None if source == "-" or given.get("dryRun") else _again(target, source, environment)
    show_end(result, target, streams, as_json=as_json, again=again)
    if not result.succeeded:
        raise typer.Exit(FAILED)


def _dry(value: dict[str, Any]) -> dict[str, Any]:
    """Return the input as a dry run.

    Raises:
        UsageError: It is of another action than `provision`.
    """
    inner = unwrap(value)
    action = inner.get("action", "provision")
    if action != "provision":
        raise UsageError(
            f"action: given '{action}', allowed: provision; `plan` shows what a provision would do"
        )
    changed = {**inner, "dryRun": True}
    return changed if inner is value else {**value, "detail": changed}


def _again(target: Target, source: str | None, environment: str | None) -> str:
    words = [f"--input {shlex.quote(source)}"] if source else []
    words += [f"--environment {environment}"] if environment else []
    return hint("run", target.options, *words)
