"""`/executions`: the list, with search."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from cli.console.execution import search as searching
from cli.console.pages import executions
from tests.cli.commands.conftest import FLEET, STARTED

ENDED = {"status": "SUCCEEDED", "stopDate": STARTED + timedelta(seconds=75), "output": "{}"}


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/executions/([^"]+)">', page)


@pytest.fixture
def machines(place: Any) -> Any:
    machines = place.machines
    machines.add("one", '{"environment": "shop"}', **ENDED)
    machines.add("two", '{"environment": "blog", "action": "teardown"}', status="FAILED")
    machines.add("three", '{"detail-type": "x", "detail": {"environment": "shop"}}')
    machines.add("all", '{"action": "verify"}', machine=FLEET)
    return machines


def test_the_newest_come_first(machines: Any, browser: TestClient) -> None:
    page = browser.get("/executions").text
    assert names(page) == ["three", "two", "one"]
    assert "Executions: 3" in page
    assert "1 min 15 s" in page
    assert "Tear down" in page
    assert '<time datetime="2026-11-23T02:00:00Z"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("environment=shop", ["three", "one"]),
        ("environment=nobody", []),
        ("status=FAILED", ["two"]),
        ("status=nonsense", ["three", "two", "one"]),
        ("name=TW", ["two"]),
        ("environment=shop&status=SUCCEEDED&name=on", ["one"]),
        ("of=fleet", ["all"]),
        ("of=fleet&environment=shop", ["all"]),
    ],
)
def test_the_search(machines: Any, browser: TestClient, query: str, found: list[str]) -> None:
    assert names(browser.get(f"/executions?{query}").text) == found
    assert names(browser.get(f"/executions?{query}&part=live").text) == found


def test_pages_and_that_each_execution_is_described_once(
    place: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "PAGE_SIZE", 2)
    for number in range(5):
        place.machines.add(f"e{number}", **ENDED)
    described: list[str] = []
    describe = place.machines.describe_execution

    def counted(**arguments: Any) -> Any:
        described.append(arguments["executionArn"])
        return describe(**arguments)

    monkeypatch.setattr(place.machines, "describe_execution", counted)
    assert names(browser.get("/executions?page=2").text) == ["e2", "e1"]
    assert names(browser.get("/executions?page=2").text) == ["e2", "e1"]
    assert len(described) == 2


def test_a_search_ends_and_says_so(
    machines: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LOOKED_AT", 1)
    page = browser.get("/executions?environment=blog").text
    assert names(page) == []
    assert "Older ones were not searched" in page
    monkeypatch.setattr(searching, "LISTED", 2)
    page = browser.get("/executions").text
    assert names(page) == ["three", "two"]
    assert "Older ones were not searched" in page


@pytest.mark.parametrize("field", ["environment", "status", "name", "of", "page"])
def test_what_an_address_holds_is_escaped(browser: TestClient, field: str) -> None:
    page = browser.get("/executions", params={field: '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
