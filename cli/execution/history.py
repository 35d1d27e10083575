"""Reads the history of an execution: each event once, and in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.execution.step_functions import StepFunctions

PAGE_SIZE = 200
"""Events asked for at once; the API allows up to 1000, and a poll rarely finds more than a few."""


@dataclass(frozen=True)
class Event:
    """One event of a history.

    Attributes:
        id: Its number, from 1 upwards.
        previous: Number of the event that led to it; 0 for none.
        type: A `HistoryEventType` of botocore's model, such as `TaskStateEntered`.
        at: When it happened.
        details: The one details structure that the type has; empty when it has none.
    """

    id: int
    previous: int
    type: str
    at: datetime
    details: dict[str, Any]

    @classmethod
    def from_api(cls, event: dict[str, Any]) -> Event:
        """Read a `HistoryEvent` as boto3 returns it."""
        details: dict[str, Any] = next(
            (v for k, v in event.items() if k.endswith("EventDetails")), {}
        )
        return cls(
            id=event["id"],
            previous=event.get("previousEventId", 0),
            type=event["type"],
            at=event["timestamp"],
            details=details,
        )


class HistoryReader:
    """Returns the events of one execution that it has not returned before.

    Args:
        client: boto3's `stepfunctions` client.
        execution_arn: ARN of the execution.
        page_size: Events asked for at once.
    """

    def __init__(
        self, client: StepFunctions, execution_arn: str, page_size: int = PAGE_SIZE
    ) -> None:
        self._client = client
        self._page_size = page_size
        self._arn = execution_arn
        self._last = 0

    def read(self) -> list[Event]:
        """Return the new events, oldest first.

        The newest are asked for first (`reverseOrder`), so that a poll costs one page however long the history is.
        An event that becomes visible after a later one is awaited: a gap in the numbers ends what is returned.

        Raises:
            botocore.exceptions.ClientError: As GetExecutionHistory does.
        """
        found: dict[int, Event] = {}
        arguments: dict[str, Any] = {
            "executionArn": self._arn,
            "maxResults": self._page_size,
            "reverseOrder": True,
        }
        while True:
            page = self._client.get_execution_history(**arguments)
            for raw in page["events"]:
                event = Event.from_api(raw)
                if event.id > self._last:
                    found[event.id] = event
            token = page.get("nextToken")
            if not token or _reaches_back(page["events"], self._last):
                break
            arguments["nextToken"] = token
        return self._in_order(found)

    def _in_order(self, found: dict[int, Event]) -> list[Event]:
        ordered = []
        while self._last + 1 in found:
            self._last += 1
            ordered.append(found[self._last])
        return ordered


def _reaches_back(events: list[dict[str, Any]], last: int) -> bool:
    # Newest first: the page with the first unknown event is the last one needed. Oldest first (from a service that
    # ignores reverseOrder): what is new comes on later pages.
    newest_first = bool(events) and events[0]["id"] >= events[-1]["id"]
    return newest_first and events[-1]["id"] <= last + 1
