"""The log lines that a function wrote for one state of an execution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from cli.console.execution.visits import Visit
from cli.logs.entries import read
from cli.logs.line import as_text
from cli.logs.sources import FUNCTIONS, Source
from cli.target.deployed import Deployed
from lifecycle.stages import STAGES

MOST_LINES = 200
_GROUP_OUTPUT = "FunctionLogGroupName"
_BEFORE = timedelta(seconds=5)


def handler_of(state: str) -> str | None:
    """Return the handler of the function that a state calls; `None` for a state that calls none of ours."""
    return next((stage.handler for stage in STAGES if stage.state == state), None)


def lines(
    place: Deployed, execution: str, state: str, visits: Sequence[Visit]
) -> list[tuple[str, str]] | None:
    """Read what the function of a state wrote in an execution.

    Args:
        place: The stack.
        execution: The execution's ARN.
        state: The state.
        visits: Its visits.

    Returns:
        Time (UTC, ISO 8601) and text of the first lines, at most `MOST_LINES`; `None` if the state calls no function.

    Raises:
        DeniedError: The caller may not read the log.
    """
    handler = handler_of(state)
    if handler is None:
        return None
    if not visits:
        return []
    since = min(visit.entered for visit in visits) - _BEFORE
    # An ARN has no character that a pattern needs quoted.
    pattern = f'{{ ($.execution = "{execution}") && ($.stage = "{handler}") }}'
    source = Source(FUNCTIONS, "function", place.output(_GROUP_OUTPUT), pattern=pattern)
    entries: Any = read(place.client("logs"), [source], int(since.timestamp() * 1000))
    today = datetime.now(UTC)
    told = (as_text(entry, terminal=False, today=today) for entry in entries)
    return list(islice(((one[0], one[2]) for one in told if one is not None), MOST_LINES))
