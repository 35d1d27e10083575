"""The A2A SDK's client and AG-UI's types, unmodified, with runtimes of these protocols and a bearer token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.foreign import programs
from tests.foreign.clients.environments import PROJECT, python_of

PROGRAM = Path(__file__).with_name("sdks.py")


@pytest.fixture(scope="module")
def seen(environment: dict[str, str], invocations: Callable[..., str], token: str) -> Any:
    """What the clients saw."""
    head, claims, signature = token.split(".")
    given = {
        "a2a": invocations("a2a", protocolConfiguration={"serverProtocol": "A2A"}),
        "agui": invocations("agui", protocolConfiguration={"serverProtocol": "AGUI"}),
        "token": token,
        "wrongToken": f"{head}.{claims}.{signature[::-1]}",
    }
    return programs.run([python_of("clients"), PROGRAM], given, environment, PROJECT)


def test_an_a2a_agent_is_discovered_and_answers(seen: Any) -> None:
    assert seen["a2a"] == {"name": "echo", "skills": ["echo"], "texts": ["echo of straße"]}


def test_a_run_of_an_agui_agent_is_read(seen: Any) -> None:
    assert seen["agui"]["status"] == 200
    assert seen["agui"]["text"] == "echo of straße"
    assert seen["agui"]["types"][0] == "RUN_STARTED"
    assert seen["agui"]["types"][-1] == "RUN_FINISHED"


@pytest.mark.parametrize(("whose", "statuses"), [("without", {401}), ("wrong", {401, 403})])
def test_without_a_good_token_every_call_is_refused(
    seen: Any, whose: str, statuses: set[int]
) -> None:
    refused = seen[whose]
    assert {refused["card"], refused["message"], refused["run"]["status"]} <= statuses
    # AG-UI's clients read the refusal as an event.
    assert refused["run"]["types"] == ["RUN_ERROR"]
