"""How far the Distributed Map of a fleet is: `12 of 40 environments done, 1 failed`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.execution.timeline import Timeline, payload_of
from cli.target.denied import DeniedError
from cli.target.target import MACHINE_OUTPUT, Place
from lifecycle.names import fleet_suffix

_SELECTING = "Select the environments"
_DONE = ("succeeded", "failed", "timedOut", "aborted")
_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
MOST_FAILED = 300
"""How many executions of each bad status are looked at: a count for a line of progress must stay cheap."""


class FleetProgress:
    """Asks Step Functions how far a fleet is, at most every few seconds.

    Args:
        place: The stack.
        arn: ARN of the fleet's execution.
        action: What the fleet does, such as `verify`.
        every: Seconds between two looks.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        place: Place,
        arn: str,
        action: str,
        *,
        every: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = place.client("stepfunctions")
        self._machine = place.outputs.get(MACHINE_OUTPUT)
        self._arn, self._suffix = arn, fleet_suffix(arn, action)
        self._every, self._clock = every, clock
        self._next = clock()
        self._run: dict[str, Any] | None = None
        self._last: str | None = None
        self._denied = False

    def __call__(self, timeline: Timeline) -> str | None:
        """Return the line, or `None` before the map run begins.

        Args:
            timeline: The stages of the fleet's execution so far.
        """
        selected = _selected(timeline)
        if not selected or self._denied or self._clock() < self._next:
            return self._last
        self._next = self._clock() + self._every
        try:
            self._last = self._look(selected)
        except DeniedError as error:
            self._denied = True
            self._last = f"The progress of the environments cannot be read: {error}"
        except (ClientError, BotoCoreError) as error:
            # Progress is no reason to stop: the next look may succeed.
            self._last = f"The progress of the environments cannot be read: {error}"
        return self._last

    def _look(self, selected: int) -> str | None:
        if self._run is None:
            found = self._client.list_map_runs(executionArn=self._arn)["mapRuns"]
            if not found:
                return None
            self._run = found[0]
        counts = self._client.describe_map_run(mapRunArn=self._run["mapRunArn"])["itemCounts"]
        done = sum(counts[name] for name in _DONE)
        failed, more = self._failed(self._run["startDate"])
        said = f"{failed}{' or more' if more else ''} failed"
        of = "1 environment" if selected == 1 else f"{selected} environments"
        return f"{done} of {of} done, {said}"

    def _failed(self, since: datetime) -> tuple[int, bool]:
        # The map's own items end well also for an environment that failed; their lifecycle executions do not.
        if self._machine is None:
            return 0, False
        count, more = 0, False
        for status in _ENDED_BADLY:
            for looked, execution in enumerate(self._ended(status)):
                if execution["startDate"] < since:
                    break
                if looked == MOST_FAILED:
                    more = True
                    break
                count += execution["name"].endswith(self._suffix)
        return count, more

    def _ended(self, status: str) -> Iterator[dict[str, Any]]:
        # ListExecutions returns the newest first (API reference).
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._machine,
            statusFilter=status,
            PaginationConfig={"PageSize": 100},
        )
        for page in pages:
            yield from page["executions"]


def _selected(timeline: Timeline) -> int:
    """Return how many environments were selected to be started; 0 if none is known."""
    selection = payload_of(timeline.result_of(_SELECTING))
    if not isinstance(selection, dict) or selection.get("dryRun"):
        return 0
    return int(selection.get("selected") or 0)
