"""Reads and checks the input of an execution. Options of the command line override its fields."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

from cli.errors import UsageError
from lifecycle.errors import InvalidRequestError
from lifecycle.request.inputs import unwrap
from lifecycle.request.model import parse_request


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
    """Check the input as the first state does.

    Raises:
        UsageError: With every wrong field, what was given and what is allowed.
    """
    try:
        parse_request(value)
    except InvalidRequestError as error:
        raise UsageError(f"{type(error).__name__}: {error}") from error
