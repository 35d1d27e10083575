"""Options that several commands share, and how their values are parsed."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import UsageError

Local = Annotated[
    bool, typer.Option("--local", help="Use the local AWS that is running. The default.")
]

Stack = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Use this CloudFormation stack, with your own AWS configuration."
    ),
]

AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print only one JSON object to stdout, everything else to stderr."),
]

Input = Annotated[
    str | None,
    typer.Option("--input", metavar="FILE|-", help="The input as JSON; by default {}."),
]

ExecutionId = Annotated[
    str, typer.Argument(metavar="EXECUTION", help="The execution's name or ARN.")
]

StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        metavar="DIR",
        help="State folder of the local AWS: it writes all its files here.",
        show_default=".local/up in the checkout",
    ),
]

Delays = Annotated[
    list[str] | None,
    typer.Option(
        "--delay",
        metavar="NAME=SECONDS",
        help="How long the local AgentCore takes, such as create=30; repeatable.",
    ),
]

Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="A parameter of the template, for the local AWS; repeatable.",
    ),
]


ReadingsGiven = Annotated[
    list[str] | None,
    typer.Option(
        "--reading",
        metavar="NAME=VALUE",
        help="What the local AWS plays where AWS's behaviour is not known; repeatable.",
    ),
]


LOOPBACK = "127.0.0.1"
"""Where the local AWS listens by default."""


def parse_address(text: str | None) -> str:
    """Parse the IPv4 address of the option `--bind`; that of loopback without it.

    Raises:
        UsageError: The text is none.
    """
    try:
        return LOOPBACK if text is None else str(IPv4Address(text))
    except AddressValueError:
        raise UsageError(
            f"--bind {text}: give an IPv4 address of this machine, such as 172.17.0.1; 0.0.0.0 for all"
        ) from None


def parse_delays(texts: list[str] | None, option: str = "--delay ") -> dict[str, float]:
    """Parse `name=seconds` pairs.

    Args:
        texts: The pairs.
        option: The option that each follows on the command line, for messages.

    Raises:
        UsageError: A text does not have that form, or its number is below 0.
    """
    delays = {}
    for text in texts or []:
        name, _, seconds = text.partition("=")
        try:
            delays[name] = float(seconds)
        except ValueError:
            raise UsageError(f"{option}{text}: give a name and seconds, such as create=5") from None
        if not 0 <= delays[name] < float("inf"):
            raise UsageError(f"{option}{text}: seconds must be 0 or more")
    return delays


def parse_parameters(texts: list[str] | None) -> dict[str, str]:
    """Parse `name=value` pairs; a value can contain equals signs.

    Raises:
        UsageError: A text does not have that form.
    """
    parameters = {}
    for text in texts or []:
        name, equals, parameters[name] = text.partition("=")
        if not name or not equals:
            raise UsageError(
                f"--parameter {text}: give a name and a value, such as RebuildEvents=ENABLED"
            )
    return parameters


def parse_readings(texts: list[str] | None) -> dict[str, str]:
    """Parse `name=value` pairs.

    Raises:
        UsageError: A text does not have that form, or there is no such reading or value.
    """
    if not texts:
        return {}
    from local.readings import ReadingError, Readings

    readings = dict(text.partition("=")[::2] for text in texts)
    try:
        Readings(readings)
    except ReadingError as error:
        raise UsageError(f"--reading: {error}") from error
    return readings
