"""What a person and a program see of a log line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cli.logs.entries import Entry
from cli.logs.line import as_json, as_text
from cli.logs.sources import Source

AT = 1_795_747_437_862
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def entry(message: str, kind: str = "functions", name: str = "function") -> Entry:
    return Entry(AT, "1", Source(kind, name, "/group"), "stream", message)


STRUCTURED = {
    "level": "WARNING",
    "location": "handler:170",
    "message": "stage failed",
    "stage": "run_smoke_test",
    "environment": "dev",
    "error": "SmokeTestError",
    "reason": "check 'x'",
    "tries": 3,
}


@pytest.mark.parametrize(
    ("message", "source", "text"),
    [
        (
            json.dumps(STRUCTURED),
            "run_smoke_test",
            "WARNING stage failed error=SmokeTestError reason=check 'x' tries=3",
        ),
        ('{"level": "INFO", "message": "stage done", "stage": "s"}', "s", "stage done"),
        ("Task timed out\n", "function", "Task timed out"),
        ('{"a": 1}', "function", '{"a": 1}'),
        ("[1]", "function", "[1]"),
    ],
)
def test_a_line_of_a_function(message: str, source: str, text: str) -> None:
    shown = as_text(entry(message), terminal=False, today=LATER)
    assert shown == ("2026-11-27T02:43:57.862Z", source, text)


def test_a_metric_is_no_line() -> None:
    metric = entry('{"_aws": {}, "stage": "s", "Succeeded": [1.0]}')
    assert as_text(metric, terminal=False, today=LATER) is None
    assert as_json(metric) is None


def test_a_terminal_gets_the_local_time_and_no_escapes() -> None:
    agent = entry("\x1b[31mno\x1b[0m", "agent", "agent live")
    now = datetime.fromtimestamp(AT / 1000).astimezone()
    when, source, text = as_text(agent, terminal=True, today=now) or ("", "", "")
    assert (when, source, text) == (f"{now:%H:%M:%S}", "agent live", "no")
    long_ago = as_text(agent, terminal=True, today=LATER) or ("", "", "")
    assert long_ago[0] == f"{now:%Y-%m-%d %H:%M:%S}"
    raw = as_text(agent, terminal=False, today=LATER) or ("", "", "")
    assert raw[2] == "\x1b[31mno\x1b[0m"


def test_json_has_the_whole_event() -> None:
    said = json.loads(as_json(entry(json.dumps(STRUCTURED))) or "")
    assert said == {
        "time": "2026-11-27T02:43:57.862Z",
        "source": "run_smoke_test",
        "group": "/group",
        "stream": "stream",
        "message": "stage failed",
        "event": STRUCTURED,
    }
    assert "event" not in json.loads(as_json(entry("plain", "build", "build")) or "")
