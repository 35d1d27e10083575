"""The WebSocket of a runtime: who gets one, what passes on it, and what ends it."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close
from websockets.sync.client import ClientConnection

from local.edge.server import Server
from tests.local.agentcore.conftest import World
from tests.local.agentcore.test_access import IdentityProvider, authorizer
from tests.local.agentcore.websockets_world import AGENT, SESSION, Sockets

BEARER = "base64UrlBearerAuthorization"
NAME = f"session-{uuid.uuid4()}"
KB = 1024


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def idp(key: rsa.RSAPrivateKey, serve: Callable[[Any], str]) -> IdentityProvider:
    provider = IdentityProvider(key)
    provider.url = serve(provider.app)
    return provider


@pytest.fixture
def sockets(world: World) -> Iterator[Sockets]:
    server = Server(world.app)
    server.start()
    yield Sockets(world, server)
    server.stop()


@pytest.fixture
def arn(world: World) -> str:
    """A runtime that is called with SigV4."""
    return str(world.ready(uri=world.add_image("ws", AGENT))["agentRuntimeArn"])


@pytest.fixture
def behind(world: World, idp: IdentityProvider) -> str:
    """A runtime that takes tokens of the provider's client."""
    uri = world.add_image("ws", AGENT)
    made = world.ready("behind", uri=uri, authorizerConfiguration=authorizer(idp))
    return str(made["agentRuntimeArn"])


def order(socket: ClientConnection, do: str, **more: Any) -> None:
    socket.send(json.dumps({"do": do, **more}))


def who(socket: ClientConnection) -> Any:
    order(socket, "who")
    return json.loads(socket.recv(timeout=10))


def closing(socket: ClientConnection) -> tuple[int, str]:
    """With which code and reason the other end closes."""
    told = None
    while told is None:
        try:
            socket.recv(timeout=20)
        except ConnectionClosed as closed:
            told = closed.rcvd or closed
    assert isinstance(told, Close), told
    return told.code, told.reason


def refused(opening: Any) -> tuple[int, str, str]:
    """Status, exception and message of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as raised, opening:
        pytest.fail("it was opened")
    response = raised.value.response
    message = json.loads(bytes(response.body))["message"]
    return response.status_code, response.headers["x-amzn-errortype"], message


def urlsafe(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def test_messages_pass_in_both_directions(sockets: Sockets, arn: str) -> None:
    with sockets.signed(arn) as socket:
        assert socket.response is not None
        assert "x-amzn-requestid" in socket.response.headers
        for message in ("straße", b"\x00\xff", "", "東京"):
            socket.send(message)
            assert socket.recv(timeout=10) == message
        socket.send(iter(["pie", "ces"]))
        assert socket.recv(timeout=10) == "pieces"


# --- who gets one -------------------------------------------------------------


def test_a_token_in_the_header(sockets: Sockets, behind: str, idp: IdentityProvider) -> None:
    headers = {"Authorization": f"Bearer {idp.token()}"}
    with sockets.plain(sockets.url(behind), headers) as socket:
        seen = who(socket)
    # The runtime's list does not have it.
    assert "authorization" not in seen["headers"]
    assert seen["path"] == "/ws"


def test_a_token_between_the_subprotocols(
    sockets: Sockets, behind: str, idp: IdentityProvider
) -> None:
    offered = [f"{BEARER}.{urlsafe(idp.token())}", BEARER]
    with sockets.plain(sockets.url(behind), None, offered) as socket:
        # A browser closes a WebSocket whose server chooses none of what it offers.
        assert socket.subprotocol == BEARER
        assert "sec-websocket-protocol" not in who(socket)["headers"]


@pytest.mark.parametrize(
    ("offered", "status"),
    [
        ([BEARER], 401),
        (["{token}"], 401),
        ([f"{BEARER}.{{token}}"], 401),
        (["other", "{token}"], 401),
        ([f"{BEARER}.garbage", BEARER], 403),
        ([f"{BEARER}.%", BEARER], 403),
        ([f"{BEARER}.{{wrong}}", BEARER], 401),
    ],
)
def test_subprotocols_that_authorize_nobody(
    sockets: Sockets,
    behind: str,
    idp: IdentityProvider,
    key: rsa.RSAPrivateKey,
    offered: list[str],
    status: int,
) -> None:
    wrong = urlsafe(idp.token(client_id="another"))
    filled = [one.format(token=urlsafe(idp.token()), wrong=wrong) for one in offered]
    seen = refused(sockets.plain(sockets.url(behind), None, filled))
    assert seen[0] == status
    assert sockets.world.core.sessions.running() == []


def test_who_may_not_call_gets_none(sockets: Sockets, behind: str, idp: IdentityProvider) -> None:
    url = sockets.url(behind)
    assert refused(sockets.plain(url))[:2] == (401, "UnauthorizedException")
    expired = {"Authorization": f"Bearer {idp.token(exp=time.time() - 1)}"}
    assert refused(sockets.plain(url, expired))[:2] == (401, "UnauthorizedException")
    garbage = {"Authorization": "Bearer garbage"}
    assert refused(sockets.plain(url, garbage))[:2] == (403, "AccessDeniedException")
    status, code, message = refused(sockets.signed(behind))
    assert (status, code) == (403, "AccessDeniedException")
    assert message.startswith("Authorization method mismatch")
    assert sockets.world.core.sessions.running() == []


def test_a_runtime_of_iam_takes_no_token_and_no_stranger(
    sockets: Sockets, arn: str, idp: IdentityProvider
) -> None:
    url = sockets.url(arn)
    unsigned = refused(sockets.plain(url))
    assert unsigned[:2] == (403, "MissingAuthenticationTokenException")
    assert refused(sockets.plain(url, {"Authorization": f"Bearer {idp.token()}"}))[0] == 403
    offered = [f"{BEARER}.{urlsafe(idp.token())}", BEARER]
    assert refused(sockets.plain(url, None, offered))[0] == 403
    presigned = sockets.presigned(arn)
    assert refused(sockets.plain(presigned[:-1] + "x"))[0] == 403
    assert refused(sockets.plain(f"{presigned}&{SESSION}={NAME}"))[0] == 403


def test_a_presigned_url(sockets: Sockets, arn: str) -> None:
    with sockets.plain(sockets.presigned(arn, **{SESSION: NAME})) as socket:
        assert who(socket)["headers"][SESSION.lower()] == NAME


# --- what is no handshake -----------------------------------------------------


def test_what_is_no_handshake(sockets: Sockets, arn: str) -> None:
    url = sockets.presigned(arn)
    connection = HTTPConnection("127.0.0.1", sockets.server.port)
    target = url.partition(str(sockets.server.port))[2]
    connection.request("GET", target)
    answer = connection.getresponse()
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert json.loads(answer.read())["message"] == "Not a WebSocket Upgrade Request"
    connection.close()


@pytest.mark.parametrize("name", ["short", "x" * 257])
@pytest.mark.parametrize("query", [True, False])
def test_a_session_that_cannot_be(sockets: Sockets, arn: str, name: str, query: bool) -> None:
    opening = sockets.signed(arn, **{SESSION: name}) if query else sockets.signed(arn, name)
    assert refused(opening)[:2] == (400, "ValidationException")


def test_another_endpoint_and_another_runtime(sockets: Sockets, arn: str) -> None:
    nowhere = refused(sockets.signed(arn, qualifier="live"))
    assert nowhere[:2] == (404, "ResourceNotFoundException")
    assert refused(sockets.signed(f"{arn}x"))[0] == 404


@pytest.mark.parametrize("protocol", ["MCP", "A2A"])
def test_a_protocol_without_a_websocket(sockets: Sockets, protocol: str) -> None:
    chosen = {"serverProtocol": protocol}
    made = sockets.world.ready(protocol, protocolConfiguration=chosen)
    status, code, message = refused(sockets.signed(made["agentRuntimeArn"]))
    assert (status, code) == (400, "ValidationException")
    assert protocol in message


@pytest.mark.parametrize("status", [302, 403, 404, 500])
def test_an_agent_that_accepts_none(sockets: Sockets, status: int) -> None:
    uri = sockets.world.add_image("refusing", AGENT, REFUSE=str(status))
    arn = sockets.world.ready("refusing", uri=uri)["agentRuntimeArn"]
    seen = refused(sockets.signed(arn))
    assert seen[:2] == (424, "RuntimeClientError")
    assert seen[2].startswith(f"Received error ({status}) from runtime.")


def test_an_agent_that_serves_no_websocket(sockets: Sockets) -> None:
    arn = sockets.world.ready()["agentRuntimeArn"]
    assert refused(sockets.signed(arn))[:2] == (424, "RuntimeClientError")


# --- sessions -----------------------------------------------------------------


def test_the_session_is_that_of_the_invocations(sockets: Sockets, arn: str) -> None:
    with sockets.signed(arn, NAME) as one, sockets.signed(arn, **{SESSION: NAME}) as two:
        assert who(one)["pid"] == who(two)["pid"]
        with sockets.signed(arn) as other:
            assert who(other)["pid"] != who(one)["pid"]
        assert len(sockets.world.core.sessions.running()) == 2


def test_stopping_the_session_closes_the_websocket(sockets: Sockets, arn: str) -> None:
    with sockets.signed(arn, NAME) as socket:
        pid = who(socket)["pid"]
        sockets.world.data.stop_runtime_session(
            agentRuntimeArn=arn, qualifier="DEFAULT", runtimeSessionId=NAME
        )
        assert closing(socket)[0] == 1001
    assert not sockets.world.alive(pid)


@pytest.mark.parametrize("limit", ["idleRuntimeSessionTimeout", "maxLifetime"])
def test_a_session_that_is_over_closes_the_websocket(sockets: Sockets, limit: str) -> None:
    world = sockets.world
    uri = world.add_image("ws", AGENT)
    limits = {"idleRuntimeSessionTimeout": 60, "maxLifetime": 28800, limit: 60}
    made = world.ready(uri=uri, lifecycleConfiguration=limits)
    with sockets.signed(made["agentRuntimeArn"], NAME) as socket:
        who(socket)
        world.clock.pass_(59)
        if limit == "idleRuntimeSessionTimeout":
            # A ping keeps it, too.
            assert socket.ping().wait(10)
            world.clock.pass_(59)
        world.core.sessions.sweep()
        assert who(socket)
        world.clock.pass_(61)
        world.core.sessions.sweep()
        assert closing(socket)[0] == 1001


def test_deleting_the_runtime_closes_the_websocket(sockets: Sockets, arn: str) -> None:
    with sockets.signed(arn) as socket:
        who(socket)
        runtime_id = arn.rpartition("/")[2]
        sockets.world.control.delete_agent_runtime(agentRuntimeId=runtime_id)
        sockets.world.clock.pass_(10)
        sockets.world.control.list_agent_runtimes()
        assert closing(socket)[0] == 1001


# --- how it ends --------------------------------------------------------------


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1011, "broken"), (4000, "mine")])
def test_the_agent_closes(sockets: Sockets, arn: str, code: int, reason: str) -> None:
    with sockets.signed(arn) as socket:
        order(socket, "close", code=code, reason=reason)
        assert closing(socket) == (code, reason)


@pytest.mark.parametrize("do", ["break", "exit"])
def test_the_agent_breaks(sockets: Sockets, arn: str, do: str) -> None:
    with sockets.signed(arn) as socket:
        order(socket, do)
        assert closing(socket)[0] == 1011


def test_an_agent_that_died_is_started_anew(sockets: Sockets, arn: str) -> None:
    with sockets.signed(arn, NAME) as socket:
        pid = who(socket)["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while sockets.world.alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
        for session in sockets.world.core.sessions.running():
            process = session.process()
            assert process is not None
            process.alive()
    with sockets.signed(arn, NAME) as socket:
        assert who(socket)["pid"] != pid


def test_the_caller_closes(sockets: Sockets, arn: str) -> None:
    def relays() -> int:
        return sum(thread.name == "websocket-answer" for thread in threading.enumerate())

    with sockets.signed(arn) as socket:
        who(socket)
        assert relays() == 1
    deadline = time.monotonic() + 5
    while relays() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert relays() == 0


# --- limits and headers -------------------------------------------------------


@pytest.mark.parametrize(("reading", "kilobytes"), [("32-kb", 32), ("64-kb", 64)])
def test_a_frame_over_the_limit_closes_the_websocket(
    sockets: Sockets, arn: str, reading: str, kilobytes: int
) -> None:
    sockets.world.readings.change({"websocket-frame": reading})
    with sockets.signed(arn) as socket:
        socket.send("x" * kilobytes * KB)
        assert len(socket.recv(timeout=10)) == kilobytes * KB
        # A long message in short frames is no problem.
        socket.send(iter(["x" * kilobytes * KB] * 4))
        with pytest.raises(ConnectionClosed):
            # The echo is one frame.
            socket.recv(timeout=10)
    with sockets.signed(arn) as socket:
        socket.send("x" * (kilobytes * KB + 1))
        assert closing(socket)[0] == 1009
    with sockets.signed(arn) as socket:
        order(socket, "say", bytes=kilobytes * KB + 1)
        assert closing(socket)[0] == 1009
    with sockets.signed(arn) as socket:
        order(socket, "pieces", bytes=kilobytes * KB, times=4)
        assert len(socket.recv(timeout=10)) == 4 * kilobytes * KB


def test_headers_of_the_callers_own(sockets: Sockets) -> None:
    name = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-One"
    world = sockets.world
    made = world.ready(
        uri=world.add_image("ws", AGENT),
        requestHeaderConfiguration={"requestHeaderAllowlist": [name]},
    )
    asked = {name: "in the query", name.replace("One", "Two"): "not on the list"}
    with sockets.signed(made["agentRuntimeArn"], **asked) as socket:
        headers = who(socket)["headers"]
    assert headers[name.lower()] == "in the query"
    assert name.lower().replace("one", "two") not in headers
    broken = refused(sockets.signed(made["agentRuntimeArn"], **{name: "a\r\nb: c"}))
    assert broken[:2] == (400, "ValidationException")


def test_the_arn_stands_encoded_in_the_url(sockets: Sockets, arn: str) -> None:
    url = sockets.url(arn)
    assert quote(arn, safe="") in url
    bare = sockets.presigned(arn).replace(quote(arn, safe=""), arn)
    assert refused(sockets.plain(bare))[0] in (403, 404)
