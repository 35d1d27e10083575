"""Options that several commands take, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.inputs import UsageError

StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        metavar="DIR",
        help="State folder of the embedded AWS; all that it writes is below it.",
        show_default=".local/up in the checkout",
    ),
]

Delays = Annotated[
    list[str] | None,
    typer.Option(
        "--delay",
        metavar="NAME=SECONDS",
        help="How long the embedded AgentCore takes, such as create=30; repeatable.",
    ),
]

Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="A parameter of the template, for the embedded AWS; repeatable.",
    ),
]


def parse_delays(texts: list[str] | None, option: str = "--delay ") -> dict[str, float]:
    """Read `name=seconds` pairs.

    Args:
        texts: The pairs.
        option: What stands before each of them on the command line, for messages.

    Raises:
        UsageError: Not of that form, or a number below 0.
    """
    delays = {}
    for text in texts or []:
        name, _, seconds = text.partition("=")
        try:
            delays[name] = float(seconds)
        except ValueError:
            raise UsageError(f"{option}{text}: give a name and seconds, such as create=5") from None
        if not 0 <= delays[name] < float("inf"):
            raise UsageError(f"{option}{text}: seconds are 0 or more")
    return delays


def parse_parameters(texts: list[str] | None) -> dict[str, str]:
    """Read `name=value` pairs; a value may have equals signs of its own.

    Raises:
        UsageError: Not of that form.
    """
    parameters = {}
    for text in texts or []:
        name, equals, parameters[name] = text.partition("=")
        if not name or not equals:
            raise UsageError(
                f"--parameter {text}: give a name and a value, such as RebuildEvents=ENABLED"
            )
    return parameters
