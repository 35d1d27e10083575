"""`lifecycle prove`: prove the product's claims in a real account, or on a local AWS."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.errors import FAILED, UsageError
from cli.options import Delays, StateDir, parse_delays
from cli.prove import cost, program
from cli.prove.aws import CHECKOUT, aws_place
from cli.prove.local import local_place
from cli.prove.place import Place
from cli.streams import console

_NAME = re.compile(r"[a-z][a-z0-9-]{0,22}")


def prove(
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Prove on a local AWS of its own, which costs nothing.")
    ] = False,
    region: Annotated[
        str | None, typer.Option(help="The Region; by default that of your AWS configuration.")
    ] = None,
    stack: Annotated[
        str | None, typer.Option(help="A name for the proof's own stack; by default a new one.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the stack and the environments at the end.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before money is spent.")] = False,
    recordings: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the recordings.",
            show_default="tests/recorded in the checkout",
        ),
    ] = None,
    delay: Delays = None,
    state_dir: StateDir = None,
) -> None:
    """Deploy a stack, prove the claims, record what AWS answers, compare it with the local AWS, and remove everything.

    Exit status: 0 every claim holds and nothing is left, 1 otherwise, 2 bad usage, 130 interrupted.
    """
    name = stack or f"agentcore-prove-{secrets.token_hex(3)}"
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--stack {name}: use a lower-case letter, then up to 22 of a-z, 0-9 and -"
        )
    if not local and (delay or state_dir):
        raise UsageError("--delay and --state-dir are for --local")
    if local and region:
        raise UsageError("--region is for a proof in AWS, not for --local")
    out = console()
    with _place(
        name, out, local=local, region=region, delays=parse_delays(delay), state_dir=state_dir
    ) as place:
        if not place.local:
            _ask(out, yes=yes)
        folder = recordings or CHECKOUT / "tests" / "recorded"
        outcome = program.run(place, folder, out, keep=keep)
    if not outcome.good:
        raise typer.Exit(FAILED)


@contextmanager
def _place(
    name: str,
    out: Console,
    *,
    local: bool,
    region: str | None,
    delays: dict[str, float],
    state_dir: Path | None,
) -> Iterator[Place]:
    if local:
        with local_place(name, delays, state_dir, console(stderr=True)) as place:
            yield place
    else:
        yield aws_place(name, region, out)


def _ask(out: Console, *, yes: bool) -> None:
    """Show the estimate, and ask.

    Raises:
        typer.Exit: The user does not want it.
    """
    out.print(f"\nA proof costs at most about {cost.total(cost.EXPECTED):.2f} USD:", style="bold")
    for line in cost.lines(cost.EXPECTED):
        out.print(line)
    out.print(f"Prices of {cost.PRICES_OF}. Not counted: {cost.NOT_COUNTED}.", soft_wrap=True)
    if not yes and not typer.confirm("Deploy the stack and prove the claims?"):
        raise typer.Exit(FAILED)
