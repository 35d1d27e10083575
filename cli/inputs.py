"""Reads and checks the input of an execution. Options of the command line override its fields."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any, BinaryIO, get_args

from cli.errors import UsageError
from cli.invocation import this_command
from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.request import FleetRequest, parse_fleet_request
from lifecycle.request.inputs import unwrap
from lifecycle.request.model import parse_request

_FLEET_ACTIONS = get_args(FleetRequest.model_fields["action"].annotation)


def read_input(source: str | None, stdin: BinaryIO | None = None) -> dict[str, Any]:
    """Read the input of an execution.

    Args:
        source: A file's path, `-` for standard input, or `None` for the empty input (every default).
        stdin: What `-` reads; by default the standard input of this process.

    Returns:
        The object as written, which can be an EventBridge envelope.

    Raises:
        UsageError: The file cannot be read, or is not UTF-8, not JSON or not an object.
    """
    if source is None:
        return {}
    name = "standard input" if source == "-" else source
    try:
        # Read as bytes, because the encoding of standard input is that of the terminal.
        read = (stdin or sys.stdin.buffer).read() if source == "-" else Path(source).read_bytes()
        text = read.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not UTF-8 text") from error
    value = parse_json(text, name)
    if not isinstance(value, dict):
        raise UsageError(f"{name}: is JSON, but not a JSON object")
    return value


def parse_json(text: str, name: str) -> Any:
    """Parse JSON.

    Args:
        text: The text.
        name: What the error calls it.

    Raises:
        UsageError: It is not JSON; the message says where.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{name}: is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise UsageError(f"{name}: is nested too deep to be read") from error


def override(value: dict[str, Any], **fields: str | None) -> dict[str, Any]:
    """Return the input with some fields replaced, inside its envelope if it has one. A field that is `None` stays."""
    given = {name: field for name, field in fields.items() if field is not None}
    inner = unwrap(value)
    if not given or not isinstance(inner, dict):
        return value
    changed = {**inner, **given}
    return changed if inner is value else {**value, "detail": changed}


def validate(value: dict[str, Any], options: str = "") -> None:
    """Check the input as the first state of the lifecycle's state machine does.

    Args:
        value: The input.
        options: What selects the stack, for the command that an input of the fleet is for.

    Raises:
        UsageError: The message lists every wrong field, what was given and what is allowed. For an input of the fleet's
            state machine, it says which command starts that.
    """
    inner = unwrap(value)
    if isinstance(inner, dict) and inner.get("action") in _FLEET_ACTIONS:
        raise UsageError(_fleet_hint(inner, options))
    try:
        parse_request(value)
    except InvalidRequestError as error:
        raise UsageError(f"{type(error).__name__}: {error}") from error


def parse_fleet(value: dict[str, Any]) -> FleetRequest:
    """Check the input of a fleet execution as its first state does.

    Raises:
        UsageError: The message lists every wrong field, what was given and what is allowed.
    """
    try:
        return parse_fleet_request(value)
    except InvalidRequestError as error:
        raise UsageError(f"{type(error).__name__}: {error}") from error


def _fleet_hint(value: dict[str, Any], options: str) -> str:
    action = value["action"]
    told = f"action {action} is for the fleet's state machine, which `{this_command()} fleet {action}` starts"
    try:
        request = parse_fleet_request(value)
    except InvalidRequestError as error:
        return f"{told}; and its input is wrong: {error}"
    words = [
        this_command(),
        "fleet",
        action,
        *([options] if options else []),
        *fleet_options(request),
    ]
    return f"{told}:\n  {' '.join(words)}"


def fleet_options(request: FleetRequest) -> list[str]:
    """Return the options of `lifecycle fleet` for what an input says, each quoted for a shell."""
    found = [f"--environment {name}" for name in request.environments or []]
    if request.pattern is not None:
        found.append(f"--pattern {shlex.quote(request.pattern)}")
    if request.source is not None:
        found.append(
            f"--source {shlex.quote(f's3://{request.source.bucket}/{request.source.key}')}"
        )
    if request.max_concurrency != FleetRequest.model_fields["max_concurrency"].default:
        found.append(f"--max-concurrency {request.max_concurrency}")
    for given, option in (
        (not request.find_orphans, "--no-find-orphans"),
        (request.remove_orphans, "--remove-orphans"),
        (request.dry_run, "--dry-run"),
    ):
        if given:
            found.append(option)
    return found
