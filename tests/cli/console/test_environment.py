"""`/environments/{name}`: one environment."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.cli.commands.records import CONFIDENTIAL, ready


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
