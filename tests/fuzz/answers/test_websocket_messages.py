"""An agent's messages on a WebSocket end with a report or SmokeTestError, and show nothing of the token."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close
from websockets.sync.client import ClientConnection

from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test import gate as gate_module
from lifecycle.smoke_test.callers.bearer import BearerCaller
from lifecycle.smoke_test.gate import Gate
from lifecycle.smoke_test.probes import Probe
from lifecycle.smoke_test.websocket import probes as probes_module
from lifecycle.smoke_test.websocket.probes import WEBSOCKET, over_websocket
from tests.fuzz.answers.test_answers import (
    ANSWER,
    SILENT,
    TARGET,
    TOKEN,
    Agent,
    Once,
    _check_that_it_hides_the_token,
    request,
)
from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.values import values
from tests.fuzz.profile import tries
from tests.fuzz.tally import ANSWERS, TALLY

_MESSAGES = st.one_of(
    st.text(),
    st.binary(),
    st.one_of(mutated(st.just(ANSWER)), values).map(json.dumps),
    st.just(json.dumps({"data": TOKEN})),
    st.just(TOKEN),
)
_REASONS = st.one_of(st.text(max_size=40), st.just(TOKEN[:120]))
# What a peer may close with (RFC 6455, section 7.4), and no goodbye at all.
_CLOSES = st.one_of(
    st.none(),
    st.builds(Close, st.sampled_from([1000, 1001, 1005, 1008, 1009, 1011, 3000, 4999]), _REASONS),
)


@pytest.fixture(autouse=True, scope="module")
def no_process_for_each_match() -> Iterator[None]:
    # The match runs in a process of its own, which takes long to start; test_pattern.py is about it.
    with pytest.MonkeyPatch.context() as patch:
        for module in (gate_module, probes_module):
            patch.setattr(module, "matches", lambda _pattern, text, _seconds: "晴れ" in text)
        yield


class Scripted:
    """The connection of an agent that says what a script says, and then closes."""

    def __init__(self, messages: list[str | bytes], close: Close | None) -> None:
        self._messages = list(messages)
        self._close = close

    def send(self, message: str) -> None:
        assert json.loads(message) == {"prompt": "hello"}

    def recv(self, timeout: float | None = None) -> str | bytes:
        assert timeout is not None
        assert timeout >= 0
        if self._messages:
            return self._messages.pop(0)
        raise self._ended()

    def _ended(self) -> ConnectionClosed:
        if self._close is None:
            return ConnectionClosedError(None, None)
        good = self._close.code in (1000, 1001, 1005)
        kind = ConnectionClosedOK if good else ConnectionClosedError
        return kind(self._close, self._close, rcvd_then_sent=True)


class SocketAgent(Agent):
    """Clients whose WebSocket is a script."""

    def __init__(self, messages: list[str | bytes], close: Close | None) -> None:
        super().__init__([])
        self._script = messages, close

    def websocket(
        self,
        url: str,
        headers: Mapping[str, str],
        seconds: float,
        most_bytes: int,
        sock: Any = None,
    ) -> AbstractContextManager[ClientConnection]:
        @contextmanager
        def opened() -> Iterator[ClientConnection]:
            yield cast(ClientConnection, Scripted(*self._script))

        assert headers["Authorization"] == f"Bearer {TOKEN}"
        return opened()


@tries(few=80, full=3_000)
@given(st.lists(_MESSAGES, max_size=8), _CLOSES)
@example(['"\ud800"'], None)
@example(['{"a":' * 5000 + "1" + "}" * 5000], None)
@example([b"\xff" * 600_000] * 3, Close(1000, ""))
@example([*TOKEN], Close(1011, TOKEN[:120]))
def test_messages_of_any_kind(messages: list[str | bytes], close: Close | None) -> None:
    with TALLY.trying(ANSWERS):
        clients = SocketAgent(messages, close)
        gate = Gate(TARGET, request("HTTP"), Once(), [TOKEN], SILENT, WEBSOCKET)
        usual = Probe("A call", BearerCaller(clients, SecretStr(TOKEN)), answered=True)
        (probe,) = over_websocket([usual], clients, "晴れ")
        shown = []
        try:
            gate.ask(probe)
        except SmokeTestError as error:
            shown.append(str(error))
            assert len(shown[0]) <= 4000
        shown += [gate.answer, *(check.model_dump_json() for check in gate.checks)]
        for text in shown:
            assert text.encode() is not None
            _check_that_it_hides_the_token(text)
