"""Fabricated histories, and a Step Functions that serves them page by page as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ARN = "arn:aws:states:us-east-1:000000000000:execution:machine:name"


class Story:
    """Builds a history: each method adds one event after another, as Step Functions numbers and links them."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.now = START
        self.add("ExecutionStarted", previous=0)

    def add(self, kind: str, *, previous: int | None = None, **details: Any) -> int:
        """Add an event of this type and return its number."""
        number = len(self.events) + 1
        event: dict[str, Any] = {
            "id": number,
            "previousEventId": number - 1 if previous is None else previous,
            "type": kind,
            "timestamp": self.now,
        }
        if details:
            prefix = kind[0].lower() + kind[1:]
            for state in ("StateEntered", "StateExited"):
                prefix = state[0].lower() + state[1:] if kind.endswith(state) else prefix
            event[f"{prefix}EventDetails"] = details
        self.events.append(event)
        return number

    def after(self, seconds: float) -> Story:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        return self

    def enter(self, name: str, kind: str = "Task", previous: int | None = None) -> int:
        """Enter a state."""
        return self.add(f"{kind}StateEntered", previous=previous, name=name, input="{}")

    def leave(self, name: str, kind: str = "Task", previous: int | None = None) -> int:
        """Leave a state."""
        return self.add(f"{kind}StateExited", previous=previous, name=name, output="{}")

    def works(self, seconds: float, result: Any = None, previous: int | None = None) -> int:
        """The task of the state that was entered last is scheduled, and succeeds."""
        self.add("TaskScheduled", previous=previous, resource="invoke")
        self.after(seconds).add("TaskStarted", resource="invoke")
        return self.add("TaskSucceeded", resource="invoke", output=json.dumps(result))

    def breaks(self, error: str, cause: str = "", previous: int | None = None) -> int:
        """The task of the state that was entered last is scheduled, and fails."""
        self.add("TaskScheduled", previous=previous, resource="invoke")
        return self.add("TaskFailed", resource="invoke", error=error, cause=cause)

    def task(self, name: str, seconds: float = 1.0, result: Any = None) -> int:
        """Go through a whole state."""
        self.enter(name)
        self.works(seconds, result)
        return self.leave(name)

    def wait(self, name: str, seconds: float) -> int:
        """Go through a whole Wait state."""
        self.enter(name, "Wait")
        return self.after(seconds).leave(name, "Wait")

    def succeed(self, output: Any) -> int:
        """End well."""
        return self.add("ExecutionSucceeded", output=json.dumps(output))

    def fail(self, error: str, cause: str) -> int:
        """End badly."""
        return self.add("ExecutionFailed", error=error, cause=cause)


class FakeStepFunctions:
    """Serves one story; `visible` says how many of its events are there already.

    Attributes:
        requests: The arguments of every GetExecutionHistory.
        sorts: Whether `reverseOrder` is honoured (moto does not).
        page_size: The most events a page has.
    """

    def __init__(self, story: Story, *, sorts: bool = True, page_size: int = 1000) -> None:
        self.story = story
        self.visible = len(story.events)
        self.sorts = sorts
        self.page_size = page_size
        self.requests: list[dict[str, Any]] = []
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.status: str | None = None

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        self.started.append(arguments)
        return {"executionArn": ARN}

    def stop_execution(self, **arguments: Any) -> dict[str, Any]:
        self.stopped.append(arguments["executionArn"])
        return {}

    def describe_execution(self, **arguments: Any) -> dict[str, Any]:
        return {"executionArn": arguments["executionArn"], "status": self.status or "RUNNING"}

    def get_execution_history(self, **arguments: Any) -> dict[str, Any]:
        self.requests.append(arguments)
        events = self.story.events[: self.visible]
        if self.sorts and arguments.get("reverseOrder"):
            events = events[::-1]
        size = min(arguments["maxResults"], self.page_size)
        first = int(arguments.get("nextToken", "0"))
        page = {"events": events[first : first + size]}
        return page | ({"nextToken": str(first + size)} if first + size < len(events) else {})

    def reveal(self, count: int) -> Callable[[float], None]:
        """Return a `sleep` that makes so many more events visible."""

        def sleep(_seconds: float) -> None:
            self.visible += count

        return sleep


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def serve() -> Callable[..., FakeStepFunctions]:
    return FakeStepFunctions


@pytest.fixture
def recorded() -> dict[str, Any]:
    """What moto's interpreter wrote for `histories/machine.asl.json`."""
    text = (Path(__file__).parent / "histories/moto.json").read_text()
    record: dict[str, Any] = json.loads(text)
    for event in record["events"]:
        event["timestamp"] = datetime.fromisoformat(event["timestamp"])
    return record


@pytest.fixture(autouse=True)
def called_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is called as `lifecycle`, so that hints name it so."""
    monkeypatch.setattr("sys.argv", ["lifecycle"])
