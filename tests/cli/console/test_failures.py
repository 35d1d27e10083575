"""What a page says when it cannot be made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from starlette.testclient import TestClient

from cli.errors import CommandError
from cli.target.denied import DeniedError
from cli.target.deployed import Deployed


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (DeniedError("AWS denies dynamodb:Scan"), 403, "AWS denies dynamodb:Scan"),
        (CommandError("no <b>"), 502, "no &lt;b&gt;"),
        (EndpointConnectionError(endpoint_url="http://x"), 502, "Could not connect"),
        (ClientError({"Error": {"Code": "Broken", "Message": "it is"}}, "Scan"), 502, "(Broken)"),
    ],
)
def test_what_aws_refuses(
    place: Any,
    open_console: Callable[[Deployed], TestClient],
    error: Exception,
    status: int,
    text: str,
) -> None:
    answer = open_console(dataclasses.replace(place, denied={"dynamodb": error})).get("/")
    assert answer.status_code == status
    assert text in answer.text
    assert "<h1>" in answer.text


def test_an_address_that_is_not(browser: TestClient) -> None:
    answer = browser.get("/nothing")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert browser.post("/").status_code == 405


def test_the_assets_are_there(browser: TestClient) -> None:
    for name in ("console.css", "parts.css", "console.js", "icon.svg", "htmx.js"):
        answer = browser.get(f"/static/{name}")
        assert answer.status_code == 200
        assert len(answer.text) > 100
    assert "4.0" in browser.get("/static/htmx.js").text
    assert browser.get("/static/..%2Fapplication.py").status_code == 404
