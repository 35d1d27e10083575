"""The reader returns each event once and in order, whatever the pages look like."""

from __future__ import annotations

from typing import Any

import pytest

from cli.execution.history import PAGE_SIZE, HistoryReader


def long_story(story: Any, events: int) -> Any:
    while len(story.events) < events:
        story.task(f"State {len(story.events)}")
    return story


@pytest.mark.parametrize(
    ("page_size", "sorts"), [(1, True), (3, True), (1000, True), (3, False), (1000, False)]
)
def test_every_event_once_and_in_order(story: Any, serve: Any, page_size: int, sorts: bool) -> None:
    fake = serve(long_story(story, 60), sorts=sorts, page_size=page_size)
    reader = HistoryReader(fake, "arn")
    seen: list[int] = []
    for visible in (1, 1, 7, 8, 40, len(story.events)):
        fake.visible = visible
        seen += [event.id for event in reader.read()]
    assert seen == list(range(1, len(story.events) + 1))


def test_a_poll_of_a_long_history_costs_one_page(story: Any, serve: Any) -> None:
    fake = serve(long_story(story, 3 * PAGE_SIZE))
    fake.visible = len(story.events) - 5
    reader = HistoryReader(fake, "arn")
    reader.read()
    fake.requests.clear()
    fake.visible = len(story.events)
    assert len(reader.read()) == 5
    assert len(fake.requests) == 1


def test_an_event_that_becomes_visible_late_is_awaited(story: Any, serve: Any) -> None:
    long_story(story, 10)
    fake = serve(story)
    late = story.events.pop(4)
    fake.visible = len(story.events)
    reader = HistoryReader(fake, "arn")
    assert [event.id for event in reader.read()] == [1, 2, 3, 4]
    story.events.insert(4, late)
    fake.visible = len(story.events)
    assert [event.id for event in reader.read()] == list(range(5, len(story.events) + 1))
