"""Where an agent must listen is said only when what came back fits an agent that does not listen there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS
from lifecycle.smoke_test.invocation import NOT_CONNECTED, Answer, no_answer
from lifecycle.smoke_test.tested.unheard import Unheard

HTTP, MCP = "0.0.0.0:8080, paths /invocations and /ping", "0.0.0.0:8000, path /mcp"
A2A, AGUI = "0.0.0.0:9000, paths /, /.well-known/agent-card.json and /ping", HTTP
MUST = "the agent must listen on"
READY = "the agent was not ready in time: "
LATE = "no answer came in time: it takes longer than smokeTest.timeoutSeconds allows, or it does not listen: "
SLOW = '{"message": "Runtime initialization time exceeded. Please make sure that …"}'
START = '{"message": "An error occurred when starting the runtime."}'
CLOSED = '{"message": "The runtime closed the connection without an answer."}'


def status_of(code: int) -> str:
    return f'{{"message": "Received error ({code}) from runtime."}}'


def reply(status: int | None, code: str, text: str = "") -> Conversation:
    return Conversation(Answer(status, code, text), text)


def hint(*replies: Conversation, protocol: str = "HTTP", **configuration: Any) -> str:
    unheard = Unheard(PROTOCOLS[protocol], configuration)
    for one in replies:
        unheard.note(one)
    return unheard.hint


@pytest.mark.parametrize(
    ("protocol", "seen", "said"),
    [
        # It never became ready.
        ("HTTP", (504, "GatewayTimeoutException", SLOW), f"{READY}{MUST} {HTTP}"),
        ("HTTP", (424, "RuntimeClientError", SLOW), f"{READY}{MUST} {HTTP}"),
        ("MCP", (424, "RuntimeClientError", SLOW), f"{READY}{MUST} {MCP}"),
        ("AGUI", (424, "AGENT_ERROR", SLOW), f"{READY}{MUST} {AGUI}"),
        # It listens, but has no such path.
        ("HTTP", (424, "RuntimeClientError", status_of(404)), f"the agent answered 404 to what it was asked: {MUST}"),
        ("HTTP", (424, "RuntimeClientError", status_of(405)), f"the agent answered 405 to what it was asked: {MUST}"),
        ("MCP", (404, "Not Found"), f"the agent answered 404 to what it was asked: {MUST} {MCP}"),
        ("MCP", (405, "405"), f"the agent answered 405 to what it was asked: {MUST} {MCP}"),
        # Nothing came.
        ("HTTP", (504, "GatewayTimeoutException"), f"{LATE}{MUST} {HTTP}"),
        ("HTTP", (None, "no answer within 30.0 s"), f"{LATE}{MUST} {HTTP}"),
        # AgentCore's errors for A2A and AG-UI may say no more than that it failed.
        ("A2A", (424, "-32055 Runtime client error"), f"{MUST} {A2A}"),
        ("A2A", (500, "-32603 Internal error"), f"{MUST} {A2A}"),
        ("AGUI", (424, "AGENT_ERROR", "Agent execution failed"), f"{MUST} {AGUI}"),
        # It listens, or ended: where it must listen would be a wrong hint.
        ("HTTP", (424, "RuntimeClientError", status_of(500)), ""),
        ("MCP", (424, "RuntimeClientError", status_of(500)), ""),
        ("AGUI", (424, "AGENT_ERROR", status_of(500)), ""),
        ("HTTP", (424, "RuntimeClientError", START), ""),
        ("MCP", (424, "RuntimeClientError", START), ""),
        ("MCP", (424, "RuntimeClientError", CLOSED), ""),
        ("HTTP", (424, "RuntimeClientError"), ""),
        ("HTTP", (200, "OK"), ""),
        # It is AgentCore's own 404, and a connection that this side could not make.
        ("MCP", (404, "ResourceNotFoundException"), ""),
        ("HTTP", (404, "ResourceNotFoundException"), ""),
        ("HTTP", (None, "no answer (EndpointConnectionError)"), ""),
        ("HTTP", (429, "ThrottlingException"), ""),
        ("HTTP", (503, "ServiceUnavailableException"), ""),
    ],
)  # fmt: skip
def test_a_hint_follows_from_what_was_seen(protocol: str, seen: tuple[Any, ...], said: str) -> None:
    found = hint(reply(*seen), protocol=protocol)
    assert found.startswith(said) if said else found == ""


@pytest.mark.parametrize(
    "lost",
    [
        httpx.ConnectTimeout("late"),
        httpx.PoolTimeout("late"),
        ConnectTimeoutError(endpoint_url="https://x"),
    ],
)
def test_a_connection_that_was_not_made_in_time_is_none_and_says_nothing_of_the_agent(
    lost: Exception,
) -> None:
    answer = no_answer(lost, 300)
    assert answer.code == f"no answer ({type(lost).__name__})"
    assert answer.code in NOT_CONNECTED
    assert hint(Conversation(answer, "")) == ""


@pytest.mark.parametrize(
    "late", [httpx.ReadTimeout("late"), ReadTimeoutError(endpoint_url="https://x"), TimeoutError()]
)
def test_an_answer_that_does_not_come_over_a_connection_is_late(late: Exception) -> None:
    answer = no_answer(late, 300)
    assert answer.code == "no answer within 300.0 s"
    assert hint(Conversation(answer, "")).startswith(LATE)


def test_a_last_try_that_was_cut_short_says_less_than_the_one_before() -> None:
    slow, cut = reply(504, "GatewayTimeoutException", SLOW), reply(None, "no answer within 0.6 s")
    assert hint(slow, cut).startswith(READY)
    assert hint(cut, slow).startswith(READY)
    assert hint(cut) != ""


def test_what_the_last_whole_answer_says_counts() -> None:
    late = reply(504, "GatewayTimeoutException")
    assert hint(late, reply(424, "RuntimeClientError", status_of(500))) == ""


def test_the_port_and_path_of_the_input_count() -> None:
    chosen = {"port": 9100, "path": "/own"}
    said = hint(reply(404, "Not Found"), protocol="MCP", protocolConfiguration=chosen)
    assert said.endswith(f"{MUST} 0.0.0.0:9100, path /own")
