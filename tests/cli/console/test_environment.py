"""`/environments/{name}`: one environment."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.testclient import TestClient

from lifecycle.record import FailedSmokeTest
from tests.cli.commands.records import CONFIDENTIAL, EXECUTION, failed, locked, ready


def test_an_environment(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    answer = browser.get("/environments/shop")
    assert answer.status_code == 200
    assert "<h1>shop</h1>" in answer.text
    assert "arn:aws:secretsmanager:us-east-1:1:secret:stack/dev/p-1" in answer.text
    assert CONFIDENTIAL not in answer.text


def test_an_environment_that_is_not(browser: TestClient) -> None:
    for name in ("nobody", "<script>", "_stack"):
        answer = browser.get(f"/environments/{name}")
        assert answer.status_code == 404
        assert "there is no environment" in answer.text
        assert "<script>" not in answer.text


def test_what_there_is_to_know(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    page = browser.get("/environments/shop").text
    assert "live serves version 2" in page
    assert "Amazon Cognito, as a user with a password" in page
    assert "Digest" in page
    assert "sha256:abc" in page
    # The promotions of this runtime, the newest first, the live one marked.
    versions = re.findall(r'<th scope="row">(\d)( <span class="badge good">)?', page)
    assert [(version, bool(live)) for version, live in versions] == [("2", True), ("1", False)]
    assert '<a href="/executions/cli-20261122-020000-4f2a9c">' in page
    # A stack in AWS leads to AWS's console.
    assert "https://us-east-1.console.aws.amazon.com/cognito/v2/idp/user-pools/us-east-1_pool" in (
        page
    )


def test_japanese(place: Any, browser: TestClient) -> None:
    place.put(locked("shop"))
    page = browser.get("/environments/shop", headers={"Accept-Language": "ja"}).text
    assert "プロビジョニング中" in page
    assert "live はバージョン 2" in page
    assert '<a href="/executions/cli-works">cli-works</a>' in page
    text = re.sub(r"<[^>]*>", " ", page[page.index("<main") :])
    assert re.findall(r"Sign-in|Executions|Promoted|Runtime\b|never", text) == []


def test_what_it_did_and_its_last_smoke_test(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    report = {"version": "2", "checks": [{"name": "no token", "passed": True, "seen": "401"}]}
    output = json.dumps({"smokeTest": report})
    place.machines.add("one", '{"environment": "shop"}', status="SUCCEEDED", output=output)
    place.machines.add("two", '{"environment": "shop"}', status="SUCCEEDED", output="{}")
    place.machines.add("other", '{"environment": "blog"}')
    part = browser.get("/environments/shop?part=activity").text
    assert re.findall(r'id="execution-(\w+)"', part) == ["two", "one"]
    assert "no token" in part
    assert '<a href="/executions/one">one</a>' in part


def test_the_smoke_test_that_failed(place: Any, browser: TestClient) -> None:
    report = {"checks": [{"name": "altered token", "passed": False, "seen": "<b>200</b>"}]}
    kept = FailedSmokeTest(execution=f"{EXECUTION}:cli-failed", report=report)
    place.put(failed("blog").model_copy(update={"failed_smoke_test": kept}))
    part = browser.get("/environments/blog?part=activity").text
    assert "altered token" in part
    assert "&lt;b&gt;200" in part
    assert "SmokeTestError: it was silent" in browser.get("/environments/blog").text
