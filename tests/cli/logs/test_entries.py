"""Lines of several log groups in the order of time, page by page, also those that come late."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.logs.entries import LATE_SECONDS, Entry, follow, read
from cli.logs.sources import Source

A, B = Source("agent", "a", "/a"), Source("functions", "b", "/b", pattern="{ $.x = 1 }")


class Logs:
    """CloudWatch Logs with groups of lines, two a page; remembers what was asked."""

    def __init__(self, **groups: list[tuple[int, str]]) -> None:
        self.groups = groups
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Logs:
        assert operation == "filter_log_events"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(request)
        name = request["logGroupName"].strip("/")
        if name not in self.groups:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "FilterLogEvents")
        found = [
            {"timestamp": at, "eventId": text, "logStreamName": "s", "message": text}
            for at, text in sorted(self.groups[name])
            if at >= request["startTime"]
        ]
        for start in range(0, max(len(found), 1), 2):
            yield {"events": found[start : start + 2]}


def texts(entries: Iterator[Entry]) -> list[str]:
    return [entry.message for entry in entries]


def test_sources_are_merged_in_the_order_of_time() -> None:
    logs = Logs(a=[(1, "a1"), (4, "a4"), (5, "a5")], b=[(2, "b2"), (3, "b3"), (6, "b6")])
    assert texts(read(logs, [A, B], 2)) == ["b2", "b3", "a4", "a5", "b6"]
    assert logs.asked == [
        {"logGroupName": "/a", "startTime": 2},
        {"logGroupName": "/b", "filterPattern": "{ $.x = 1 }", "startTime": 2},
    ]


def test_a_group_that_is_not_there_yet_has_no_lines() -> None:
    assert texts(read(Logs(b=[(1, "b1")]), [A, B], 0)) == ["b1"]


def test_another_error_is_raised() -> None:
    class Denied(Logs):
        def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "FilterLogEvents")

    with pytest.raises(ClientError, match="ThrottlingException"):
        texts(read(Denied(), [A], 0))


def test_following_shows_each_line_once_and_the_late_ones_too() -> None:
    logs = Logs(a=[(100_000, "first")])
    late = [
        [(100_001, "second")],
        [(100_000 - LATE_SECONDS * 1000 + 2, "late")],
        [(1, "too late"), (200_000, "last")],
    ]
    rounds: list[int] = []

    def pause() -> None:
        logs.groups["a"] += late[len(rounds)]
        rounds.append(1)

    found = follow(logs, lambda: [A], 0, pause)
    assert texts(islice(found, 4)) == ["first", "second", "late", "last"]
    assert len(rounds) == 3
