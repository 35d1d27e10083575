"""Reads and checks the input of an execution. Options of the command line override its fields."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any, BinaryIO, get_args

from cli.errors import UsageError
from cli.invocation import aws_command
from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.request import FleetRequest
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
        value = json.loads(read.decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{name}: is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from error
    if not isinstance(value, dict):
        raise UsageError(f"{name}: is JSON, but not a JSON object")
    return value


def override(value: dict[str, Any], **fields: str | None) -> dict[str, Any]:
    """Return the input with some fields replaced, inside its envelope if it has one. A field that is `None` stays."""
    given = {name: field for name, field in fields.items() if field is not None}
    inner = unwrap(value)
    if not given or not isinstance(inner, dict):
        return value
    changed = {**inner, **given}
    return changed if inner is value else {**value, "detail": changed}


def validate(value: dict[str, Any]) -> None:
    """Check the input as the first state of the lifecycle's state machine does.

    Raises:
        UsageError: The message lists every wrong field, what was given and what is allowed. For an input of the fleet's
            state machine, it says how to start that.
    """
    inner = unwrap(value)
    if isinstance(inner, dict) and inner.get("action") in _FLEET_ACTIONS:
        raise UsageError(_fleet_hint(inner))
    try:
        parse_request(value)
    except InvalidRequestError as error:
        raise UsageError(f"{type(error).__name__}: {error}") from error


def _fleet_hint(value: dict[str, Any]) -> str:
    given = shlex.quote(json.dumps(value, ensure_ascii=False))
    return (
        f"action {value['action']} is for the fleet's state machine, and `run` starts the lifecycle's. Start it with:\n"
        f"  {aws_command()} stepfunctions start-execution --input {given} --state-machine-arn ARN\n"
        "ARN is the output FleetStateMachineArn of the stack."
    )
