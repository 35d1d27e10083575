"""AWS's JavaScript SDK, unmodified, for both planes; the printed variables alone point it here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.foreign import javascript


@pytest.fixture(scope="module")
def given(
    environment: dict[str, str],
    request_of: Callable[..., dict[str, Any]],
    invocations: Callable[..., str],
) -> dict[str, Any]:
    """What each step of the program gave."""
    javascript.node()  # before anything is deployed
    token_runtime = unquote(invocations("echo").split("/runtimes/")[1].split("/")[0])
    asked = {"create": request_of("echo"), "tokenRuntime": token_runtime}
    answered = javascript.run(Path(__file__).with_name("sdk.mjs"), asked, environment)
    return {**answered, "asked": asked}


def test_a_runtime_is_made_listed_and_read(given: dict[str, Any]) -> None:
    runtime_id = given["created"]["agentRuntimeId"]
    assert given["created"]["agentRuntimeVersion"] == "1"
    assert given["listed"].count(runtime_id) == 1
    assert given["read"]["status"] == "READY"
    artifact = given["asked"]["create"]["agentRuntimeArtifact"]
    assert given["read"]["agentRuntimeArtifact"] == artifact


def test_a_signed_call_is_answered(given: dict[str, Any]) -> None:
    assert "echo of hello" in given["answer"]["body"]
    assert len(given["answer"]["session"]) >= 33


@pytest.mark.parametrize(
    ("step", "name", "status"),
    [
        ("tokenRuntime", "AccessDeniedException", 403),
        ("wrongKey", "InvalidSignatureException", 403),
        ("invalid", "ValidationException", 400),
        ("gone", "ResourceNotFoundException", 404),
    ],
)
def test_refusals_are_the_sdks_own_errors(
    given: dict[str, Any], step: str, name: str, status: int
) -> None:
    refused = given["refused"][step]
    assert (refused["name"], refused["status"]) == (name, status)


def test_deletion_begins_at_once(given: dict[str, Any]) -> None:
    assert given["deleted"]["status"] == "DELETING"
