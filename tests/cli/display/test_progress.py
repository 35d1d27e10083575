"""What a person sees while an execution runs."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from cli.display.progress import LiveProgress, PlainProgress, progress_on
from cli.execution.history import Event
from cli.execution.timeline import Timeline


def show(progress_class: Any, story: Any, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=terminal)
    timeline = Timeline()
    with progress_class(console) as progress:
        progress.tell(timeline, timeline.add(map(Event.from_api, story.events)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def eventful(story: Any) -> Any:
    story.enter("Publish the artifact")
    story.breaks("ThrottledError", "slow down")
    story.works(1.0)
    story.leave("Publish the artifact")
    story.wait("Wait for the build", 2.5)
    story.task("Publish the artifact")
    story.enter("Deploy the runtime")
    story.breaks("RuntimeFailedError", '{"errorMessage": "no such [role]"}')
    story.leave("Deploy the runtime")
    story.fail("RuntimeFailedError", "no such [role]")
    return story


@pytest.mark.parametrize(("kind", "terminal"), [(PlainProgress, False), (LiveProgress, True)])
def test_one_line_a_stage_with_its_time(eventful: Any, kind: Any, *, terminal: bool) -> None:
    lines = show(kind, eventful, terminal=terminal).replace("\x1b", "").splitlines()
    published = [line for line in lines if "Publish the artifact" in line and "4.5" in line]
    assert len(published) == 1
    assert "✓" in published[0]
    assert "2 rounds" in published[0]
    assert "1 retry" in published[0]


def test_a_retry_and_a_failure_say_why(eventful: Any) -> None:
    text = show(PlainProgress, eventful)
    assert "↻ Publish the artifact: retry after ThrottledError: slow down" in text
    assert "✗ Deploy the runtime" in text
    assert "RuntimeFailedError: no such [role]" in text


def test_a_stage_that_takes_long_is_mentioned_now_and_then(story: Any) -> None:
    story.now -= timedelta(days=1)
    story.task("Check the runtime", result={"Payload": {"status": "CREATING"}})
    story.enter("Wait for the runtime", "Wait")
    text = show(PlainProgress, story)
    assert text.count("Check the runtime") == 1
    assert "… Check the runtime" in text
    assert "round 1  CREATING  waiting" in text
    assert re.search(r"\d{5}\.\d s", text), "a stage that waits goes on taking time"


def test_lines_in_a_file_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert isinstance(progress_on(Console(file=io.StringIO())), PlainProgress)
    terminal = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    assert isinstance(progress_on(terminal), LiveProgress)
    monkeypatch.setenv("CI", "true")
    assert isinstance(progress_on(terminal), PlainProgress)
