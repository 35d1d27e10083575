"""Read the end of a build's log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.entry import refused_call

# One page is at most 1 MB and 10,000 events (CloudWatch Logs API reference, GetLogEvents).
_MOST_EVENTS = 1000


@dataclass(frozen=True)
class LogEnd:
    """The end of a build's log.

    Attributes:
        place: Log group and stream, or the console's link, or that no log was kept.
        lines: The last lines, the oldest first; of at most 1,000 events.
        unread: Why it could not be read; None if it was.
    """

    place: str
    lines: tuple[str, ...] = ()
    unread: str | None = None


def end_of_log(logs: Any, build: dict[str, Any]) -> LogEnd:
    """Read the end of a build's log; it never raises, because it only adds to a cause.

    Args:
        logs: A boto3 CloudWatch Logs client.
        build: The build as BatchGetBuilds gives it.
    """
    where = build.get("logs", {})
    group, stream = where.get("groupName"), where.get("streamName")
    if not group:
        return LogEnd(where.get("deepLink") or "none was kept")
    if not stream:
        return LogEnd(group)
    place = f"{group} {stream}"
    try:
        # From the end, but within a page the oldest event is first.
        page = logs.get_log_events(
            logGroupName=group, logStreamName=stream, limit=_MOST_EVENTS, startFromHead=False
        )
    except ClientError as error:
        return LogEnd(place, unread=refused_call(error))
    except BotoCoreError as error:
        return LogEnd(place, unread=f"GetLogEvents: {type(error).__name__}")
    events = page["events"]
    return LogEnd(place, tuple(line for e in events for line in e["message"].splitlines()))
