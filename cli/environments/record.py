"""Finds an environment of a deployed stack by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cli.environments.table import TABLE_OUTPUT, EnvironmentsTable
from cli.errors import UsageError
from cli.target.denied import DeniedError
from cli.target.deployed import Deployed

if TYPE_CHECKING:
    from lifecycle.record import Record

_MOST_NAMES = 10


def read_record(deployed: Deployed, environment: str) -> Record:
    """Read the record of an environment.

    Args:
        deployed: The stack.
        environment: The environment's name.

    Raises:
        UsageError: There is no such environment; the message names those that there are.
        DeniedError: The caller may not read the table.
    """
    # Imported late: other commands need nothing of it.
    from lifecycle.items import Items
    from lifecycle.request.limits.environment import ENVIRONMENT_PATTERN

    items = Items(deployed.client("dynamodb"), deployed.output(TABLE_OUTPUT))
    # The table has other items, too; none of their keys is the name of an environment.
    valid = re.fullmatch(ENVIRONMENT_PATTERN, environment)
    record = items.read(environment) if valid else None
    if record is not None:
        return record
    try:
        names = sorted(EnvironmentsTable(deployed).names())
    except DeniedError:
        # Who may only read single records still learns that there is none of this name.
        raise UsageError(f"there is no environment {environment} in {deployed.label}") from None
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    there = f"{', '.join(names[:_MOST_NAMES])}{more}" if names else "none yet"
    raise UsageError(
        f"there is no environment {environment} in {deployed.label}; environments: {there}"
    )
