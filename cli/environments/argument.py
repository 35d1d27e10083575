"""The argument that names an environment, and its completion in a shell: quick, and silent if nothing can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import CommandError

_MOST = 200
_QUICK = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


def environments_that_begin_with(context: typer.Context, incomplete: str) -> list[str]:
    """Return the environments of the stack that the words before name, by default of the local AWS.

    Args:
        context: What typer has parsed of the command line so far.
        incomplete: The beginning of the name.

    Returns:
        At most 200 names, sorted; none if the table cannot be read. A message would break the user's prompt.
    """
    # Imported late: every command imports this module, and few need these.
    from cli.environments.table import EnvironmentsTable
    from cli.target.deployed import deployed

    given = context.params
    state_dir = given.get("state_dir")
    try:
        place = deployed(
            given.get("stack"),
            local=bool(given.get("local")),
            state_dir=Path(state_dir) if state_dir else None,
        )
        table = EnvironmentsTable(place, _QUICK)
        return sorted(table.names(most=_MOST, prefix=incomplete))
    except (CommandError, ClientError, BotoCoreError, OSError):
        return []


Environment = Annotated[
    str,
    typer.Argument(
        metavar="ENV", help="The environment's name.", autocompletion=environments_that_begin_with
    ),
]

InputEnvironment = Annotated[
    str | None,
    typer.Option(
        help="The environment; overrides the input.", autocompletion=environments_that_begin_with
    ),
]
