"""Agents of A2A, of AG-UI and with a WebSocket, from the source to the tested runtime: wrong callers are refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import reconnect

from tests.embedded.signing_in import Provider
from tests.embedded.test_sign_in import ANSWERED, MATRICES, REFUSED, cognito_token

pytestmark = pytest.mark.embedded
CARD = "invocations/.well-known/agent-card.json"
QUESTION = {
    "A2A": {
        "jsonrpc": "2.0",
        "id": "one",
        "method": "message/send",
        "params": {
            "message": {
                "kind": "message",
                "role": "user",
                "messageId": "m",
                "parts": [{"kind": "text", "text": "hello"}],
            }
        },
    },
    "AGUI": {
        "threadId": "thread",
        "runId": "run",
        "state": {},
        "messages": [{"id": "m", "role": "user", "content": "hello"}],
        "tools": [],
        "context": [],
        "forwardedProps": {},
    },
}


def names(protocol: str, way: str) -> list[str]:
    """The names of the checks, in order."""
    refused = [name for name in MATRICES[way] if name.endswith("refused")]
    forms = ("", " the agent card") if protocol == "A2A" else ("",)
    answered = "SigV4 is answered" if way == "iam" else ANSWERED
    return [*(f"{name}{form}" for name in refused for form in forms), answered]


def passed(run: Any, protocol: str, way: str) -> None:
    """The gate held exactly the probes of this protocol and way, and saw what it must."""
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    smoke = run.output["smokeTest"]
    assert [check["name"] for check in smoke["checks"]] == names(protocol, way)
    for check in smoke["checks"][:-1]:
        assert int(check["seen"][:3]) in REFUSED, check
    assert smoke["checks"][-1]["seen"] == "200 OK"
    assert smoke["answer"] == "echo of hello"


@pytest.mark.parametrize("protocol", ["A2A", "AGUI"])
def test_an_agent_of_the_protocol(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    provider: Provider,
    protocol: str,
) -> None:
    name = environment()
    given: dict[str, Any] = {
        "environment": name,
        "artifact": {"source": uploaded(protocol.lower())},
        "runtime": {"protocol": protocol},
        "smokeTest": {"prompt": "hello", "expect": "^echo of hello$"},
    }
    run = lifecycle.run(given)
    passed(run, protocol, "password")
    control = lifecycle.aws.client("bedrock-agentcore-control")
    runtime = control.get_agent_runtime(agentRuntimeId=run.output["runtime"]["id"])
    assert runtime["protocolConfiguration"] == {"serverProtocol": protocol}
    _refuses_strangers(lifecycle, run.output, provider, protocol)

    prompt = {"environment": name, "action": "smokeTest", "smokeTest": {"prompt": "fail"}}
    failed = lifecycle.run(prompt)
    assert (failed.status, failed.error) == ("FAILED", "SmokeTestError")
    reason = {"A2A": "the task is failed: sorry", "AGUI": "RUN_ERROR: NO_DATA sorry"}[protocol]
    assert f"seen {reason}: " in failed.cause

    # Cases are asked by another function, with rights of its own.
    asked = {**given["smokeTest"], "cases": [{"prompt": "again", "expect": "echo of again"}]}
    signed = lifecycle.run({**given, "auth": {"type": "iam"}, "smokeTest": asked})
    passed(signed, protocol, "iam")
    assert signed.output["smokeTest"]["cases"]["passed"] == 1
    assert signed.output["runtime"]["id"] == run.output["runtime"]["id"]


def _refuses_strangers(
    lifecycle: Any, output: dict[str, Any], provider: Provider, protocol: str
) -> None:
    """Call the endpoint `live` without any help of the product."""
    runtime = output["runtime"]
    base = runtime["invocationUrl"].partition("/runtimes/")[0]
    url = f"{base}/runtimes/{quote(runtime['arn'], safe='')}/"
    paths = ["invocations", *([CARD] if protocol == "A2A" else [])]

    def call(path: str, token: str | None) -> httpx.Response:
        headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": uuid.uuid4().hex * 2}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        more: dict[str, Any] = {} if path == CARD else {"json": QUESTION[protocol]}
        return httpx.request(
            "GET" if path == CARD else "POST",
            f"{url}{path}?qualifier=live",
            headers=headers,
            timeout=30,
            trust_env=False,
            **more,
        )

    good = cognito_token(lifecycle.aws, output["auth"])
    for path in paths:
        assert call(path, None).status_code == 401
        assert call(path, provider.token()).status_code in REFUSED
        assert call(path, good).status_code == 200
    answer = call("invocations", good)
    if protocol == "A2A":
        (artifact,) = answer.json()["result"]["artifacts"]
        assert artifact["parts"] == [{"kind": "text", "text": "echo of hello"}]
        assert call(CARD, good).json()["skills"][0]["id"] == "echo"
    else:
        events = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
        assert events[0] == {"type": "RUN_STARTED", "threadId": "thread", "runId": "run"}
        assert events[-1]["type"] == "RUN_FINISHED"


@pytest.mark.parametrize("way", ["password", "iam"])
def test_an_agent_with_a_websocket(
    lifecycle: Any,
    environment: Callable[[], str],
    uploaded: Callable[..., dict[str, str]],
    provider: Provider,
    way: str,
) -> None:
    name = environment()
    given: dict[str, Any] = {
        "environment": name,
        "artifact": {"source": uploaded("websocket")},
        "auth": {"type": "iam" if way == "iam" else "cognito"},
        "smokeTest": {"prompt": "hello", "expect": "echo of hello", "webSocket": True},
    }
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    usual = names("HTTP", way)
    checks = run.output["smokeTest"]["checks"]
    assert [check["name"] for check in checks] == [
        *usual,
        *(f"{each} a WebSocket" for each in usual[:-1]),
        f"{usual[-1]} on a WebSocket",
    ]
    for check in checks[len(usual) : -1]:
        assert int(check["seen"][:3]) in REFUSED, check
    assert checks[-1]["seen"] == "101 Switching Protocols"
    opened = [
        call
        for call in lifecycle.aws.calls.calls("bedrock-agentcore")
        if call.operation == "InvokeAgentRuntimeWithWebSocketStream"
    ]
    assert [call.status for call in opened][-1] == 101
    if way == "iam":
        assert opened[-1].caller.name == "RunSmokeTestFunction"
    else:
        _opens_for_nobody_else(lifecycle, run.output, provider)

    # A smoke test alone tests the WebSocket as the provision did.
    again = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert again.output["smokeTest"]["checks"][-1]["name"] == checks[-1]["name"]

    broken = lifecycle.run(
        {
            "environment": name,
            "action": "smokeTest",
            "smokeTest": {"prompt": "break", "expect": "echo of"},
        }
    )
    assert (broken.status, broken.error) == ("FAILED", "SmokeTestError")
    assert "seen 424 the WebSocket was closed with 1011" in broken.cause
    assert "no data on the WebSocket" in broken.cause

    bare = {"environmentVariables": {"ECHO_WITHOUT_WEBSOCKET": "1"}}
    without = lifecycle.run({**given, "runtime": bare})
    assert (without.status, without.error) == ("FAILED", "SmokeTestError")
    # What its log says comes before a guess.
    assert "No WebSocket handler defined" in without.cause


def _opens_for_nobody_else(lifecycle: Any, output: dict[str, Any], provider: Provider) -> None:
    """Open a WebSocket of the endpoint `live` without any help of the product."""
    runtime = output["runtime"]
    base = runtime["invocationUrl"].partition("/runtimes/")[0].replace("http", "ws", 1)
    url = f"{base}/runtimes/{quote(runtime['arn'], safe='')}/ws?qualifier=live"

    def answer(token: str | None) -> str | int:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            with reconnect(url, additional_headers=headers, proxy=None) as socket:
                socket.send(json.dumps({"prompt": "you"}))
                return "".join(str(piece) for piece in socket)
        except InvalidStatus as refused:
            return refused.response.status_code

    assert answer(None) == 401
    assert answer(provider.token()) in REFUSED
    assert answer(cognito_token(lifecycle.aws, output["auth"])) == "echo of you"
