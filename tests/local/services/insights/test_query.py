"""The query language of CloudWatch Logs Insights, as far as it is served."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.services.insights.query import MalformedQueryError, parse, value_at

EVENTS: list[dict[str, Any]] = [
    {"timestamp": 3, "message": json.dumps({"attributes": {"session.id": "s 1"}, "traceId": "a"})},
    {"timestamp": 1, "message": json.dumps({"attributes": {"session.id": "s 2"}, "scope": {}})},
    {"timestamp": 2, "message": json.dumps({"traceId": "b|c", "scope": {"name": "x"}})},
    {"timestamp": 4, "message": "a line that is no JSON"},
]


def found(query: str) -> list[str]:
    return [row[0]["value"] for row in parse(query).rows(EVENTS)]


@pytest.mark.parametrize(
    ("query", "times"),
    [
        ("fields @timestamp, @message", ["4", "3", "2", "1"]),
        ("fields @timestamp | sort @timestamp asc | limit 2", ["1", "2"]),
        ('fields @timestamp | filter attributes.session.id = "s 1"', ["3"]),
        ("fields @timestamp | filter attributes.session.id = 's 2'", ["1"]),
        ('fields @timestamp\n| filter traceId in ["a", "b|c"]\n| sort @timestamp asc', ["2", "3"]),
        (
            'fields @timestamp | filter traceId in ["b|c"] or attributes.session.id = "s 2"',
            ["2", "1"],
        ),
        ('fields @timestamp | filter traceId = "a" and attributes.session.id = "s 2"', []),
        ("fields @timestamp | filter ispresent(scope.name)", ["2"]),
        ("fields @timestamp | filter ispresent(traceId) | filter ispresent(scope.name)", ["2"]),
        ("fields @timestamp | filter traceId in []", []),
    ],
)
def test_a_query_finds_what_its_conditions_say(query: str, times: list[str]) -> None:
    assert found(query) == times


@pytest.mark.parametrize(
    "query",
    [
        "stats count(*)",
        "fields @timestamp, session",
        "filter @message like /x/",
        "filter a = 1",
        "sort @message asc",
        "limit many",
        "",
    ],
)
def test_what_is_not_served_is_refused(query: str) -> None:
    with pytest.raises(MalformedQueryError, match="This local AWS does not serve"):
        parse(query)


def test_names_may_have_dots_of_their_own() -> None:
    document = {"a": {"b.c": 1}, "a.b": {"c": 2}, "d": {"e": {"f": None}}}
    assert value_at(document, "a.b.c") == 1
    assert value_at(document, "d.e.f") is None
    assert value_at(document, "d.e.f.g") is None
    assert value_at("text", "a") is None
