"""The gate of an A2A runtime: its card, and one message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.errors import AwsCallError, SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.conversations.a2a_card import BadCardError, version_of
from lifecycle.smoke_test.run import SmokeTestReport, run_smoke_test
from tests.functions.lifecycle.smoke_test.fake_runtime import Reply, reply
from tests.functions.lifecycle.smoke_test.smoke_environment import error, jwt_identity

SKILL = {"id": "weather", "name": "Weather", "description": "Says the weather.", "tags": ["sky"]}
COMMON = {
    "name": "forecast",
    "description": "Knows the weather.",
    "version": "2.1",
    "capabilities": {},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [SKILL],
}
OLD = {
    **COMMON,
    "protocolVersion": "0.3.0",
    "url": "https://example.com/",
    "preferredTransport": "JSONRPC",
}
INTERFACE = {"url": "https://example.com/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
NEW = {**COMMON, "supportedInterfaces": [INTERFACE]}
DEEP = b"[" * 5000 + b"]" * 5000
NO_TOKEN = [
    "SigV4 is refused",
    "A call without an Authorization header is refused",
    "A garbage token is refused",
    "An altered token is refused",
]
REFUSED = {
    "password": [
        *NO_TOKEN,
        "An access token of another client is refused",
        "The ID token of the right user is refused",
    ],
    "jwt": NO_TOKEN,
    "iam": NO_TOKEN[1:3],
}


def text(said: str) -> dict[str, Any]:
    return {"kind": "text", "text": said}


def message(*parts: Any) -> dict[str, Any]:
    return {"kind": "message", "role": "agent", "messageId": "m", "parts": list(parts)}


def task(state: str, *artifacts: Any, said: Any = None) -> dict[str, Any]:
    status = {"state": state, **({"message": message(text(said))} if said else {})}
    listed = [{"artifactId": "a", "parts": list(parts)} for parts in artifacts]
    return {"kind": "task", "id": "t", "contextId": "c", "status": status, "artifacts": listed}


class Agent:
    """An A2A agent behind the runtime; answers each request with the next of its results, and repeats the last."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results) or [task("completed", [text("東京は晴れ")])]
        self.methods: list[str] = []
        self.payloads: list[dict[str, Any]] = []

    def __call__(self, payload: dict[str, Any], headers: dict[str, str]) -> Reply:
        self.methods.append(payload["method"])
        self.payloads.append(payload)
        assert payload["jsonrpc"] == "2.0"
        assert headers["accept"] == "application/json"
        modern = payload["method"][0].isupper()
        assert headers.get("a2a-version") == ("1.0" if modern else None)
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        said = result if "error" in result else {"result": result, "error": None}
        return reply(200, {"jsonrpc": "2.0", "id": payload["id"], **said})


def made(smoke: Any, way: str) -> Any:
    if way == "iam":
        smoke.deploy(IdentityRecord(type="iam"))
    elif way == "jwt":
        smoke.provider.others = {"robot": "right"}
        secret = {"clientId": "robot", "clientSecret": "right", "scope": "run"}
        smoke.deploy(jwt_identity(smoke, secret))
    else:
        provision_identity(smoke.world.event(), clients=smoke.world.clients)
        smoke.deploy()
    smoke.runtime.agent = Agent()
    smoke.runtime.card = reply(200, OLD)
    return smoke


@pytest.fixture(params=["password", "iam"])
def a2a(smoke: Any, request: pytest.FixtureRequest) -> Any:
    return made(smoke, request.param)


@pytest.fixture
def signed(smoke: Any) -> Any:
    return made(smoke, "iam")


def run(smoke: Any, **smoke_test: Any) -> SmokeTestReport:
    event = smoke.world.event(runtime={"protocol": "A2A"}, smokeTest=smoke_test)
    return run_smoke_test(event, clients=smoke.clients, sleep=smoke.pauses.append).smoke_test


@pytest.mark.parametrize("way", list(REFUSED))
def test_every_wrong_caller_is_refused_both_calls(smoke: Any, way: str) -> None:
    report = run(made(smoke, way), expect="晴れ")
    *refused, answered = report.checks
    assert [check.name for check in refused] == [
        f"{name}{form}" for name in REFUSED[way] for form in ("", " the agent card")
    ]
    assert {check.expected for check in refused} == {"401 or 403"}
    assert {check.seen[:3] for check in refused} <= {"401", "403"}
    assert answered.name == ("SigV4" if way == "iam" else "A valid access token") + " is answered"
    assert report.answer == "東京は晴れ"
    # Each wrong caller asks for both, and the right one too, in one session.
    assert len(smoke.runtime.cards) == len(smoke.runtime.invoked) == len(REFUSED[way]) + 1
    assert {call.qualifier for call in smoke.runtime.seen} == {"DEFAULT"}
    assert {call.session for call in smoke.runtime.seen} == {report.session_id}
    sent = {call.payload["method"] for call in smoke.runtime.invoked}
    assert sent == {"message/send"}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("status", [200, 424])
def test_either_call_that_gets_through_fails(smoke: Any, place: int, status: int) -> None:
    made(smoke, "password")
    smoke.runtime.script["none"] = [*[error(401)] * place, error(status)]
    what = "is refused the agent card'" if place else "is refused'"
    with pytest.raises(SmokeTestError, match=f"header {what}.*the authorizer let the call through"):
        run(smoke)
    assert smoke.pauses == []


def test_the_prompt_is_one_text(a2a: Any) -> None:
    run(a2a, prompt="明日は？")
    sent = a2a.runtime.agent.payloads[0]["params"]
    assert sent["message"]["parts"] == [{"kind": "text", "text": "明日は？"}]
    assert (sent["message"]["kind"], sent["message"]["role"]) == ("message", "user")
    assert sent["configuration"] == {"blocking": True}


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (message(text("晴れ"), text("25度")), "晴れ\n25度"),
        (message({"kind": "data", "data": {"天気": "晴れ"}}), '{"天気": "晴れ"}'),
        (message({"kind": "file", "file": {"uri": "x"}}, text("晴れ")), "晴れ"),
        (task("completed", [text("晴れ")], [text("25度")]), "晴れ\n25度"),
        (task("completed", said="晴れ"), "晴れ"),
        (task("completed", [text("a")], said="b"), "a\nb"),
        (task("input-required", said="晴れ。どこの？"), "晴れ。どこの？"),
        # What AgentCore's guide shows.
        ({"artifacts": [{"artifactId": "a", "name": "r", "parts": [text("晴れ")]}]}, "晴れ"),
    ],
)
def test_what_an_agent_says(signed: Any, result: Any, answer: str) -> None:
    signed.runtime.agent = Agent(result)
    assert run(signed).answer == answer


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (task("failed", said="no data"), "the task is failed: no data"),
        (task("rejected"), r"the task is rejected: \(no message\)"),
        (task("canceled", said="by\nme"), "the task is canceled: by me"),
        (task("auth-required", said="sign in"), "the task is auth-required: sign in"),
        (task("unknown"), "the task is unknown"),
        ({"error": {"code": -32603, "message": "boom"}}, "message/send: -32603 boom"),
        ({"error": []}, "message/send: None None"),
        ({}, "the result is neither a message nor a task: {}"),
        ({"kind": "task", "status": 1, "parts": []}, "neither a message nor a task"),
        ({"status": {"state": 1}, "artifacts": []}, "neither a message nor a task"),
        ({**task("working"), "id": None}, "the task is working and has no id"),
    ],
)
def test_an_agent_that_fails_fails_at_once_on_one_line(
    signed: Any, result: Any, reason: str
) -> None:
    signed.runtime.agent = Agent(result)
    with pytest.raises(SmokeTestError, match=f"is answered': .*seen .*{reason}") as failed:
        run(signed)
    assert "\n" not in str(failed.value)
    assert signed.pauses == []


def test_a_wrong_answer_fails_and_is_shown(signed: Any) -> None:
    with pytest.raises(SmokeTestError, match="does not match; the answer is: 東京は晴れ"):
        run(signed, expect="雪")


def test_a_task_at_work_is_waited_for(signed: Any) -> None:
    at_work = [task("submitted"), task("working", [text("half")])]
    signed.runtime.agent = Agent(*at_work, task("completed", [text("晴れ")]))
    assert run(signed, expect="^晴れ$").passed
    assert signed.runtime.agent.methods == ["message/send", "tasks/get", "tasks/get"]
    assert signed.runtime.agent.payloads[1]["params"] == {"id": "t"}
    assert len({payload["id"] for payload in signed.runtime.agent.payloads}) == 3
    assert len(signed.pauses) == 2


def test_a_task_that_never_ends_fails_at_the_deadline(signed: Any) -> None:
    signed.runtime.agent = Agent(task("working"))
    with pytest.raises(SmokeTestError, match=r"still working after \d+ looks; raise smokeTest"):
        run(signed, timeoutSeconds=1)


@pytest.mark.parametrize("wrapped", ["message", "task"])
def test_version_1_is_spoken_where_the_card_offers_no_other(a2a: Any, wrapped: str) -> None:
    a2a.runtime.card = reply(200, NEW)
    said = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "晴れ"}]}
    done = {"id": "t", "status": {"state": "TASK_STATE_COMPLETED", "message": said}}
    a2a.runtime.agent = Agent({wrapped: said if wrapped == "message" else done})
    assert run(a2a, prompt="天気は？").answer == "晴れ"
    (payload,) = a2a.runtime.agent.payloads
    assert payload["method"] == "SendMessage"
    sent = payload["params"]["message"]
    assert (sent["role"], sent["parts"]) == ("ROLE_USER", [{"text": "天気は？"}])


def test_a_task_of_version_1(signed: Any) -> None:
    signed.runtime.card = reply(200, NEW)
    at_work = {"id": "t", "status": {"state": "TASK_STATE_WORKING"}}
    rejected = {"id": "t", "status": {"state": "TASK_STATE_REJECTED"}}
    signed.runtime.agent = Agent({"task": at_work}, rejected)
    with pytest.raises(SmokeTestError, match="the task is rejected"):
        run(signed)
    assert signed.runtime.agent.methods == ["SendMessage", "GetTask"]


def test_a_header_that_is_not_passed_on_is_named(signed: Any) -> None:
    signed.runtime.card = reply(200, NEW)
    signed.runtime.agent = Agent({"error": {"code": -32009, "message": "version 0.3"}})
    with pytest.raises(SmokeTestError, match=r"add A2A-Version to runtime\.requestHeaders"):
        run(signed)


def without(card: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in card.items() if key != name}


@pytest.mark.parametrize("name", [*COMMON, "url", "protocolVersion"])
def test_every_required_field_of_version_03(name: str) -> None:
    with pytest.raises(BadCardError, match=name):
        version_of(without(OLD, name))


@pytest.mark.parametrize("name", [*COMMON, "supportedInterfaces"])
def test_every_required_field_of_version_1(name: str) -> None:
    with pytest.raises(BadCardError, match=name):
        version_of(without(NEW, name))


@pytest.mark.parametrize("name", list(SKILL))
def test_every_required_field_of_a_skill(name: str) -> None:
    with pytest.raises(BadCardError, match=rf"skills\[1\]\.{name} is missing"):
        version_of({**OLD, "skills": [SKILL, without(SKILL, name)]})


@pytest.mark.parametrize("name", ["skills", "defaultInputModes"])
def test_a_required_list_may_be_empty_until_version_1(name: str) -> None:
    assert version_of({**OLD, name: []}) == "0.3"
    with pytest.raises(BadCardError, match=f"{name} is empty"):
        version_of({**NEW, name: []})


@pytest.mark.parametrize(
    ("card", "version"),
    [
        (OLD, "0.3"),
        (without(OLD, "preferredTransport"), "0.3"),
        ({**OLD, "protocolVersion": "0.2.6"}, "0.3"),
        (
            {
                **OLD,
                "preferredTransport": "GRPC",
                "additionalInterfaces": [{"url": "https://x/", "transport": "JSONRPC"}],
            },
            "0.3",
        ),
        (NEW, "1.0"),
        ({**OLD, **NEW}, "0.3"),
        (
            {**NEW, "supportedInterfaces": [INTERFACE, {**INTERFACE, "protocolVersion": "0.3"}]},
            "0.3",
        ),
    ],
)
def test_the_version_that_is_spoken(card: dict[str, Any], version: str) -> None:
    assert version_of(card) == version


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ([], r"it is no JSON object: \[\]"),
        ({}, "it has neither url"),
        ({**OLD, "url": "localhost:9000"}, "url is no http or https URL"),
        ({**OLD, "url": ["x"]}, "url is no http or https URL"),
        ({**OLD, "url": "https://[::1"}, "url is no http or https URL"),
        ({**OLD, "protocolVersion": "9.0"}, r'offers A2A \["9.0"\]; the smoke test speaks 0.3'),
        ({**OLD, "protocolVersion": 0.3}, "protocolVersion is no text"),
        ({**OLD, "preferredTransport": "GRPC"}, r'no JSONRPC interface, only \["GRPC"\]'),
        ({**OLD, "additionalInterfaces": {}, "skills": {}}, "skills is no list of objects"),
        ({**OLD, "skills": ["weather"]}, "skills is no list of objects"),
        ({**OLD, "name": " "}, "name is no text, or empty"),
        ({**OLD, "capabilities": []}, "capabilities is no object"),
        ({**OLD, "defaultOutputModes": [1]}, "defaultOutputModes is no list of texts"),
        ({**NEW, "supportedInterfaces": [1]}, "supportedInterfaces is no list of objects"),
        ({**NEW, "supportedInterfaces": []}, r"no JSONRPC interface, only \[\]"),
        ({**NEW, "supportedInterfaces": [{}]}, r"no JSONRPC interface, only \[null\]"),
    ],
)
def test_a_card_that_is_none(card: Any, reason: str) -> None:
    with pytest.raises(BadCardError, match=reason):
        version_of(card)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "the agent card is no JSON"),
        (DEEP, "the agent card is no JSON"),
        (b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}", "the agent card is no JSON"),
        (b"[" + b"1," * 600_000 + b"1]", "the agent card is no JSON"),
        (b"null", "the agent card: it is no JSON object: null"),
        (b'"\\ud800"', "the agent card: it is no JSON object"),
        (json.dumps({**OLD, "name": None}).encode(), "the agent card: name is missing"),
    ],
)
def test_any_card_is_judged(a2a: Any, body: bytes, reason: str) -> None:
    a2a.runtime.card = (200, {"content-type": "application/json"}, body)
    with pytest.raises(SmokeTestError, match=f"is answered': .*seen {reason}") as failed:
        run(a2a)
    str(failed.value).encode()
    assert a2a.runtime.agent.methods == []
    assert a2a.pauses == []


@pytest.mark.parametrize(
    "body",
    [b"<html>", DEEP, b"[]", b'{"jsonrpc": "2.0", "id": 99, "result": {}}', b"9" * 5000, b"\xff"],
)
def test_an_answer_that_is_no_json_rpc_fails(a2a: Any, body: bytes) -> None:
    a2a.runtime.agent = lambda payload, headers: (200, {"content-type": "application/json"}, body)
    with pytest.raises(SmokeTestError, match="message/send: the answer is no JSON-RPC response"):
        run(a2a)


def own(status: int, code: int, said: str) -> Reply:
    """An error of AgentCore's own, as its guide has it: no name in a header."""
    return reply(status, {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": said}})


RETRY = "Session operation in progress, please retry"


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, -32054), (429, -32053), (404, -32051), (200, -32054), (200, -32053), (200, -32501)],
)
def test_an_error_of_agentcore_that_passes_is_asked_again(a2a: Any, status: int, code: int) -> None:
    a2a.runtime.script["good"] = [own(status, code, RETRY), own(status, code, RETRY)]
    assert run(a2a).passed
    assert len(a2a.pauses) == 2


@pytest.mark.parametrize("status", [424, 200])
def test_an_agent_that_cannot_be_reached_is_told_where_to_listen(a2a: Any, status: int) -> None:
    a2a.runtime.always["good"] = own(status, -32055, "Runtime client error")
    with pytest.raises(
        SmokeTestError,
        match=r"seen 424 -32055 Runtime client error: the agent failed: Runtime client error; the agent must listen on "
        r"0\.0\.0\.0:9000, paths /, /\.well-known/agent-card\.json and /ping; .*log group",
    ):
        run(a2a)


def test_an_error_that_stays_is_named(signed: Any) -> None:
    signed.runtime.always["good"] = own(400, -32052, "Validation error")
    with pytest.raises(SmokeTestError, match=r"seen 400 -32052 Validation error: undecided after"):
        run(signed, timeoutSeconds=1)


@pytest.mark.parametrize("code", [-32053, -32501, -32001])
def test_an_error_in_a_200_is_no_refusal(signed: Any, code: int) -> None:
    signed.runtime.always["none"] = own(200, code, "no")
    with pytest.raises(SmokeTestError, match="without an Authorization header is refused'"):
        run(signed, timeoutSeconds=1)


def test_a_denial_of_the_card_by_iam_proves_nothing(smoke: Any) -> None:
    made(smoke, "password")
    denied = (
        "User: arn:aws:sts::123456789012:assumed-role/role/function is not authorized to perform: "
        "bedrock-agentcore:GetAgentCard on resource: arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/x"
    )
    refusal = error(403, "AccessDeniedException")
    smoke.runtime.script["sigv4"] = [refusal, *[error(403, "AccessDeniedException", denied)] * 9]
    with pytest.raises(
        AwsCallError, match=r"^GetAgentCard: .*allow bedrock-agentcore:GetAgentCard"
    ):
        run(smoke)


def test_a_token_in_an_answer_is_hidden(smoke: Any) -> None:
    made(smoke, "password")

    def agent(payload: dict[str, Any], headers: dict[str, str]) -> Reply:
        said = message(text(headers["authorization"]))
        return reply(200, {"jsonrpc": "2.0", "id": payload["id"], "result": said})

    smoke.runtime.agent = agent
    report = run(smoke)
    token = smoke.runtime.invoked[-1].headers["authorization"].split()[1]
    assert "hidden" in report.answer or "withheld" in report.answer
    assert token[20:60] not in report.model_dump_json()
