"""Shows a log line: for a person, or as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cli.display.lines import plain
from cli.logs.entries import Entry
from cli.logs.sources import FUNCTIONS

# What Lambda, Powertools and the AgentCore SDK add to each line of theirs.
_USUAL = frozenset(
    {
        "level",
        "location",
        "message",
        "timestamp",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "stage",
        "execution",
        "environment",
        "xray_trace_id",
        "logger",
        "requestId",
        "sessionId",
    }
)
_METRICS = "_aws"
_QUIET = "INFO"


def as_json(entry: Entry) -> str | None:
    """Return a line as a JSON object; `None` for a line that is only a metric.

    Its members: `time`, `source`, `group`, `stream`, `message`, and `event`, the whole line, if that is JSON.
    """
    event = _object(entry.message)
    if event is not None and _METRICS in event:
        return None
    shown: dict[str, Any] = {
        "time": _utc(entry.at),
        "source": _source(entry, event),
        "group": entry.source.group,
        "stream": entry.stream,
        "message": entry.message if event is None else event.get("message"),
    }
    return json.dumps(shown if event is None else {**shown, "event": event}, ensure_ascii=False)


def as_text(entry: Entry, *, terminal: bool, today: datetime) -> tuple[str, str, str] | None:
    """Return time, source and text of a line.

    Args:
        entry: The line.
        terminal: Whether a person reads it; the time is then the local time, and short.
        today: The local time now.

    Returns:
        The three; `None` for a line that is only a metric.
    """
    event = _object(entry.message)
    if event is not None and _METRICS in event:
        return None
    text = entry.message.rstrip("\n") if event is None else _text(event)
    when = _local(entry.at, today) if terminal else _utc(entry.at)
    return when, _source(entry, event), plain(text) if terminal else text


def _source(entry: Entry, event: dict[str, Any] | None) -> str:
    if entry.source.kind == FUNCTIONS and event is not None:
        return str(event.get("stage") or entry.source.name)
    return entry.source.name


def _text(event: dict[str, Any]) -> str:
    """Return what a structured line says, and after it what is not in every line."""
    said = event.get("message")
    if said is None:
        return json.dumps(event, ensure_ascii=False)
    level = str(event.get("level") or "")
    parts = [level] if level not in ("", _QUIET) else []
    parts.append(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))
    parts += [
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in event.items()
        if name not in _USUAL
    ]
    return " ".join(parts)


def _object(message: str) -> dict[str, Any] | None:
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _utc(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _local(at: int, today: datetime) -> str:
    moment = datetime.fromtimestamp(at / 1000).astimezone()
    if moment.date() == today.date():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M:%S}"
