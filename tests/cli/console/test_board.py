"""`/`: the board of environments."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from cli.console.pages import board
from lifecycle.sections.runtime import Deployment
from tests.cli.commands.records import CONFIDENTIAL, EXECUTION, failed, locked, ready


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/environments/([^"]+)">', page)


def test_the_board_says_of_each_environment_what_matters(place: Any, browser: TestClient) -> None:
    for record in (ready("shop"), failed("blog"), locked("mail")):
        place.put(record)
    page = browser.get("/").text
    assert names(page) == ["blog", "mail", "shop"]
    assert "Environments: 3 · Provisioning 1 · Ready 1 · Failed 1" in page
    assert '<a href="/executions/cli-works">cli-works</a>' in page
    assert '<time datetime="2096-10-02T07:06:40Z"' in page
    assert CONFIDENTIAL not in page


def test_drift_that_the_last_deployment_repaired_is_shown(place: Any, browser: TestClient) -> None:
    record = ready("shop")
    assert record.runtime is not None
    repaired = Deployment(execution=EXECUTION, change="updated", repaired=["the role was replaced"])
    runtime = record.runtime.model_copy(update={"deployment": repaired})
    place.put(ready("shop", runtime=runtime))
    page = browser.get("/").text
    assert 'title="the role was replaced"' in page
    assert "repaired: 1" in page


def test_the_board_is_filtered(place: Any, browser: TestClient) -> None:
    for record in (ready("shop"), ready("shop-test"), failed("blog")):
        place.put(record)
    assert names(browser.get("/?name=SHOP").text) == ["shop", "shop-test"]
    assert names(browser.get("/?state=FAILED").text) == ["blog"]
    assert names(browser.get("/?name=shop&state=FAILED").text) == []
    assert "No environment matches" in browser.get("/?name=nobody").text


def test_the_board_has_pages(
    place: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert board.PAGE_SIZE == 50
    monkeypatch.setattr(board, "PAGE_SIZE", 2)
    for number in range(5):
        place.put(ready(f"e{number}"))
    assert names(browser.get("/").text) == ["e0", "e1"]
    last = browser.get("/?name=e&page=3").text
    assert names(last) == ["e4"]
    assert "5–5 of 5" in last
    assert 'href="/?name=e&amp;page=2"' in last
    for odd in ("0", "-1", "99", "x", "٣", "9" * 400):
        assert len(names(browser.get(f"/?page={odd}").text)) in (1, 2)


def test_an_update_is_only_what_changes(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    part = browser.get("/?name=shop&part=live").text
    assert part.lstrip().startswith('<div id="live" hx-get="/?name=shop&amp;part=live"')
    assert names(part) == ["shop"]
    assert "<html" not in part
    assert browser.get("/?part=nothing").text.startswith("<!doctype html>")


@pytest.mark.parametrize("query", ["name", "state", "page", "part"])
def test_what_an_address_holds_is_escaped(browser: TestClient, query: str) -> None:
    page = browser.get("/", params={query: "\"><script>alert(1)</script>'"}).text
    assert "<script>alert" not in page
    assert '"><script' not in page


def test_a_stack_without_environments(browser: TestClient) -> None:
    assert "There is no environment yet." in browser.get("/").text
