"""A stack with 200 environments and an execution with 2,000 events: the pages stay small. The times are printed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cli.console.pages import board
from cli.console.pages.execution import EVENTS_A_PAGE
from cli.console.rendering import Console
from cli.environments.table import EnvironmentsTable
from tests.cli.commands.records import ready
from tests.foreign.browser.chromium import browse

LARGE = Path(__file__).parent / "large.mjs"
ENVIRONMENTS = 200
EVENTS = 2000
MOST_BYTES = 250_000


@pytest.fixture
def running(place: Any) -> str:
    """An execution that waits for the runtime for so many rounds that its history has 2,000 events."""
    story = place.machines.story
    story.task("Prepare the request")
    while len(story.events) < EVENTS:
        story.task("Check the runtime", result={"done": False})
        story.wait("Wait for the runtime", 1)
    name = "large"
    place.machines.add(name, json.dumps({"environment": "e000"}))
    return name


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask for news each second, so that the test does not wait long for it."""
    monkeypatch.setattr(Console, "every", "1s")


@pytest.mark.usefixtures("often")
def test_pages_of_a_large_stack_are_small(
    place: Any, url: str, running: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(ENVIRONMENTS):
        place.put(ready(f"e{number:03}"))
    pages = [
        {"path": "/", "live": True},
        {"path": "/executions", "live": True},
        {"path": f"/executions/{running}", "live": True},
        {"path": f"/executions/{running}?state=Check%20the%20runtime", "live": True},
        {"path": f"/executions/{running}/events?page=20", "live": False},
    ]
    found = browse(LARGE, {"url": url, "pages": pages})
    assert found["notes"] == []
    # The scan of moto, which copies each item several times, is most of the time of the board.
    began = time.perf_counter()
    list(EnvironmentsTable(place).summaries())
    scan = (time.perf_counter() - began) * 1000
    with capsys.disabled():
        print(
            f"\n{ENVIRONMENTS} environments, {EVENTS} events; moto's scan alone takes {scan:.0f} ms"
        )
        for one in found["pages"]:
            update = one["update"]
            shown = f"live update {update['shown']} ms, {update['bytes']:,} bytes" if update else ""
            print(
                f"{one['path']}: loaded {one['loaded']} ms (answered {one['answered']} ms), {one['bytes']:,} bytes,"
                f" {one['rows']} rows, {one['elements']} elements; {shown}"
            )
    for one in found["pages"]:
        assert one["bytes"] < MOST_BYTES, one
        assert one["faults"] == []
        if update := one["update"]:
            assert update["bytes"] <= one["bytes"], one
            assert update["keepsFocus"], one
    rows = [one["rows"] for one in found["pages"]]
    assert rows[0] == board.PAGE_SIZE
    assert max(rows[2:4]) < 20
    assert rows[4] == EVENTS_A_PAGE
