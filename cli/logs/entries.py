"""Reads log lines of several sources in the order of time, and waits for more."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.logs.sources import Source

# How late a line may come and still be shown by `follow`: agents and functions send theirs some seconds late.
LATE_SECONDS = 60
_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True, order=True)
class Entry:
    """A log line; in the order of time.

    Attributes:
        at: Milliseconds since the epoch.
        id: Its id, which is unique in its log group.
        source: Where it was found.
        stream: Its log stream.
        message: The text as it was written.
    """

    at: int
    id: str
    source: Source
    stream: str
    message: str


def read(logs: Any, sources: Sequence[Source], since: int) -> Iterator[Entry]:
    """Read the lines of all sources, the oldest first. Each source is read page by page.

    Args:
        logs: A boto3 client for CloudWatch Logs.
        sources: What to read.
        since: From when, in milliseconds since the epoch.
    """
    yield from heapq.merge(
        *(_entries(logs, source, since) for source in sources), key=lambda entry: entry.at
    )


def follow(
    logs: Any,
    sources: Callable[[], Sequence[Source]],
    since: int,
    pause: Callable[[], None],
) -> Iterator[Entry]:
    """Read the lines, and go on with those that come.

    Args:
        logs: A boto3 client for CloudWatch Logs.
        sources: Finds what to read, before each look: another build may have begun.
        since: From when, in milliseconds since the epoch.
        pause: Waits before the next look.
    """
    seen: dict[tuple[str, str], int] = {}
    while True:
        newest = since
        for entry in read(logs, sources(), since):
            key = (entry.source.group, entry.id)
            newest = max(newest, entry.at)
            if key not in seen:
                seen[key] = entry.at
                yield entry
        # A line may come after later ones, so the last minute is read again.
        since = max(since, newest - LATE_SECONDS * 1000)
        seen = {key: at for key, at in seen.items() if at >= since}
        pause()


def _entries(logs: Any, source: Source, since: int) -> Iterator[Entry]:
    pages = logs.get_paginator("filter_log_events").paginate(**source.request(), startTime=since)
    try:
        for page in pages:
            for event in page["events"]:
                yield Entry(
                    at=event["timestamp"],
                    id=str(event["eventId"]),
                    source=source,
                    stream=event["logStreamName"],
                    message=event["message"],
                )
    except ClientError as error:
        # The group or the stream is made with its first line, and a teardown deletes the agent's.
        if error.response["Error"]["Code"] != _NOT_FOUND:
            raise
