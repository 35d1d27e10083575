"""The TypeScript MCP client, unmodified, calls the tools of an MCP runtime with a bearer token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.foreign import javascript


@pytest.fixture(scope="module")
def given(
    environment: dict[str, str], invocations: Callable[..., str], token: str
) -> dict[str, Any]:
    """What the program saw."""
    javascript.node()  # before anything is deployed
    url = invocations("mcp", protocolConfiguration={"serverProtocol": "MCP"})
    head, claims, signature = token.split(".")
    wrong = f"{head}.{claims}.{signature[::-1]}"
    asked = {"url": url, "token": token, "wrongToken": wrong, "tool": "shout"}
    answered: dict[str, Any] = javascript.run(
        Path(__file__).with_name("mcp.mjs"), asked, environment
    )
    return answered


def test_tools_are_listed_and_called(given: dict[str, Any]) -> None:
    assert given["server"]["name"] == "shouter"
    assert given["tools"] == ["shout", "count"]
    assert given["content"] == [{"type": "text", "text": "STRASSE"}]


def test_without_a_good_token_nothing_is_initialised(given: dict[str, Any]) -> None:
    assert given["withoutToken"]["code"] == 401
    assert given["withWrongToken"]["code"] in (401, 403)
