"""Sessions: which process serves a call, how long it lives, and what it may see."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

ONE = "session-one-0123456789-0123456789-0123"
TWO = "session-two-0123456789-0123456789-0123"
SESSION_HEADER = "x-amzn-bedrock-agentcore-runtime-session-id"


@pytest.fixture
def arn(world: World) -> str:
    return str(world.ready()["agentRuntimeArn"])


def error(world: World, arn: str, **more: Any) -> str:
    with pytest.raises(ClientError) as raised:
        world.invoke_raw(arn, **more)
    return str(raised.value.response["Error"]["Code"])


def test_a_session_keeps_its_process_and_another_gets_its_own(world: World, arn: str) -> None:
    first = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] == first
    second = world.invoke(arn, runtimeSessionId=TWO)["pid"]
    assert second != first
    # Both listen on the port of the contract, side by side.
    assert world.alive(first)
    assert world.alive(second)


def test_the_session_id_is_answered_back_and_made_when_there_is_none(
    world: World, arn: str
) -> None:
    answer = world.invoke_raw(arn, runtimeSessionId=ONE)
    assert answer["runtimeSessionId"] == ONE
    assert answer["contentType"] == "application/json"
    made = world.bare_invoke(arn).headers[SESSION_HEADER]
    assert 33 <= len(made) <= 100
    assert made != world.bare_invoke(arn).headers[SESSION_HEADER]


@pytest.mark.parametrize("length", [1, 32, 257])
def test_the_length_of_a_session_id_is_checked(world: World, arn: str, length: int) -> None:
    answer = world.bare_invoke(arn, **{SESSION_HEADER: "x" * length})
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert json.loads(answer.data)["fieldList"][0]["name"] == "runtimeSessionId"
    assert world.core.sessions.running() == []


@pytest.mark.parametrize("length", [33, 256])
def test_the_shortest_and_the_longest_session_id(world: World, arn: str, length: int) -> None:
    answer = world.bare_invoke(arn, **{SESSION_HEADER: "x" * length})
    assert (answer.status_code, answer.headers[SESSION_HEADER]) == (200, "x" * length)


def test_a_running_session_keeps_its_version(world: World, arn: str) -> None:
    runtime_id = arn.rsplit("/", 1)[1]
    old = world.invoke(arn, runtimeSessionId=ONE)
    world.update(runtime_id, environmentVariables={"VERSION": "two"})
    world.clock.pass_(world.core.delays.update)
    again = world.invoke(arn, runtimeSessionId=ONE)
    assert again["pid"] == old["pid"]
    assert "VERSION" not in again["environment"]
    assert world.invoke(arn, runtimeSessionId=TWO)["environment"]["VERSION"] == "two"


def test_endpoints_have_sessions_of_their_own(world: World, arn: str) -> None:
    world.control.create_agent_runtime_endpoint(agentRuntimeId=arn.rsplit("/", 1)[1], name="live")
    world.clock.pass_(world.core.delays.endpoint)
    default = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    live = world.invoke(arn, runtimeSessionId=ONE, qualifier="live")["pid"]
    assert live != default
    world.control.delete_agent_runtime_endpoint(
        agentRuntimeId=arn.rsplit("/", 1)[1], endpointName="live"
    )
    assert not world.alive(live)
    assert world.alive(default)


def test_an_idle_session_ends(world: World) -> None:
    limits = {"idleRuntimeSessionTimeout": 100, "maxLifetime": 1000}
    arn = world.ready(lifecycleConfiguration=limits)["agentRuntimeArn"]
    first = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    world.clock.pass_(99)
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] == first
    world.clock.pass_(99)
    world.core.sessions.sweep()
    assert world.alive(first)
    world.clock.pass_(1)
    world.core.sessions.sweep()
    assert not world.alive(first)
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] != first


def test_a_session_does_not_outlive_its_maximum(world: World) -> None:
    limits = {"idleRuntimeSessionTimeout": 100, "maxLifetime": 150}
    arn = world.ready(lifecycleConfiguration=limits)["agentRuntimeArn"]
    first = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    world.clock.pass_(90)
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] == first
    world.clock.pass_(60)
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] != first
    assert not world.alive(first)


def test_an_agent_that_says_it_is_busy_is_not_idle(world: World) -> None:
    arn = world.ready(
        lifecycleConfiguration={"idleRuntimeSessionTimeout": 100, "maxLifetime": 1000},
        environmentVariables={"PING": "HealthyBusy"},
    )["agentRuntimeArn"]
    pid = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    world.clock.pass_(500)
    world.core.sessions.sweep()
    assert world.alive(pid)
    world.clock.pass_(500)
    world.core.sessions.sweep()
    assert not world.alive(pid)


def test_stop_ends_the_process(world: World, arn: str) -> None:
    pid = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    stop = world.data.stop_runtime_session
    answer = stop(agentRuntimeArn=arn, runtimeSessionId=ONE, qualifier="DEFAULT")
    assert (answer["runtimeSessionId"], answer["statusCode"]) == (ONE, 200)
    assert not world.alive(pid)
    with pytest.raises(ClientError) as raised:
        stop(agentRuntimeArn=arn, runtimeSessionId=ONE)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_stop_checks_its_request(world: World, arn: str) -> None:
    with pytest.raises(ClientError) as raised:
        world.data.stop_runtime_session(
            agentRuntimeArn=arn,
            runtimeSessionId=ONE,
            clientToken="no token at all: it has spaces in it, and more",
        )
    assert raised.value.response["fieldList"][0]["name"] == "clientToken"


def test_deleting_the_runtime_ends_every_session(world: World, arn: str) -> None:
    pids = [world.invoke(arn, runtimeSessionId=session)["pid"] for session in (ONE, TWO)]
    world.control.delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[1])
    assert not any(world.alive(pid) for pid in pids)
    assert error(world, arn) == "ResourceNotFoundException"


def test_closing_ends_every_session(world: World, arn: str) -> None:
    pid = world.invoke(arn)["pid"]
    world.core.close()
    assert not world.alive(pid)


def test_a_process_that_died_is_started_again(world: World, arn: str) -> None:
    pid = world.invoke(arn, runtimeSessionId=ONE)["pid"]
    with pytest.raises(ClientError) as raised:
        world.invoke(arn, {"do": "exit"}, runtimeSessionId=ONE)
    assert raised.value.response["Error"]["Code"] == "RuntimeClientError"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] != pid


def test_an_agent_that_stops_listening_is_replaced(world: World, arn: str) -> None:
    # The process lives, but nobody is there: as in the moment in which it dies.
    first = world.invoke(arn, {"do": "close"}, runtimeSessionId=ONE)["pid"]
    assert world.alive(first)
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] != first
    assert not world.alive(first)


def test_many_calls_into_one_session_start_one_process(world: World, arn: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        pids = list(pool.map(lambda _: world.invoke(arn, runtimeSessionId=ONE)["pid"], range(8)))
    assert len(set(pids)) == 1


def test_new_sessions_are_counted_by_the_second(world: World, arn: str) -> None:
    world.core.quotas.new_sessions_per_second = 1
    world.invoke_raw(arn, runtimeSessionId=ONE)
    assert error(world, arn, runtimeSessionId=TWO) == "ThrottlingException"
    world.invoke_raw(arn, runtimeSessionId=ONE)
    world.clock.pass_(1)
    world.invoke_raw(arn, runtimeSessionId=TWO)


def test_what_the_agent_is_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A_SECRET_OF_OURS", "LANG", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "x")
    arn = world.ready(environmentVariables={"MODEL": "small"})["agentRuntimeArn"]
    seen = world.invoke(arn)["environment"]
    assert seen["MODEL"] == "small"
    assert seen["OTEL_SDK_DISABLED"] == "true"
    # No document says that the service sets a Region, or makes Python write its lines at once.
    given = {"A_SECRET_OF_OURS", "LANG", "AWS_REGION", "AWS_DEFAULT_REGION", "PYTHONUNBUFFERED"}
    assert not given & seen.keys()
    principal = world.credentials.find(seen["AWS_ACCESS_KEY_ID"])
    assert principal is not None
    assert (principal.principal.name, principal.principal.kind) == ("agent-role", "role")
    assert principal.principal.role_arn == "arn:aws:iam::123456789012:role/agent-role"
    assert world.aws("iam").meta.endpoint_url == seen["AWS_ENDPOINT_URL"]


def test_only_headers_on_the_list_reach_the_agent(world: World) -> None:
    custom = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"
    sent = {custom: "blue", "X-Private": "p", "traceparent": "00-1-2-01"}
    closed = world.ready("closed")["agentRuntimeArn"]
    open_ = world.ready(
        "open", requestHeaderConfiguration={"requestHeaderAllowlist": ["Authorization", custom]}
    )["agentRuntimeArn"]
    seen = json.loads(world.bare_invoke(closed, **sent).data)["headers"]
    assert not {"authorization", custom.lower(), "x-private"} & set(seen)
    assert seen["traceparent"] == "00-1-2-01"
    assert len(seen[SESSION_HEADER]) == 36
    assert seen["content-type"] == "application/json"
    seen = json.loads(world.bare_invoke(open_, **sent).data)["headers"]
    assert seen["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert seen[custom.lower()] == "blue"
    assert "x-private" not in seen


def test_what_the_agent_writes_is_in_its_log_group(world: World, arn: str) -> None:
    world.invoke(arn, {"say": "good morning"}, runtimeSessionId=ONE)
    # Nothing is written after a delete has been accepted: the group can be deleted for good.
    world.control.delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[1])
    logs = world.aws("logs")
    group = f"/aws/bedrock-agentcore/runtimes/{arn.rsplit('/', 1)[1]}-DEFAULT"
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert [event["message"] for event in events] == ["agent starts", "asked good morning"]
    assert f"[runtime-logs]{ONE}" in events[0]["logStreamName"]
