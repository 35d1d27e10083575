"""A runtime's data plane that answers in this process, with the status codes and headers that AWS documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt

from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.smoke_test.fake_websocket import Talk, cheerful

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/stack_dev-abcdefghij"
SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"
CARD = "invocations/.well-known/agent-card.json"

Reply = tuple[int, dict[str, str], bytes]


def reply(status: int, value: Any, **headers: str) -> Reply:
    return status, {"content-type": "application/json", **headers}, json.dumps(value).encode()


def refused(status: int, name: str) -> Reply:
    return reply(status, {"message": "no"}, **{"x-amzn-errortype": f"{name}:http://internal/"})


def cheerful_agent(payload: dict[str, Any], headers: dict[str, str]) -> Reply:
    return reply(200, {"result": f"東京は晴れです: {payload['prompt']}"})


@dataclass
class Seen:
    action: str
    kind: str
    qualifier: str
    session: str
    headers: dict[str, str]
    payload: Any


@dataclass
class FakeRuntime:
    """Answers like a runtime with an authorizer (or with SigV4 when `identity` is `iam`)."""

    keys: list[Any]
    identity: IdentityRecord = field(default_factory=lambda: IdentityRecord(type="iam"))
    agent: Callable[[dict[str, Any], dict[str, str]], Reply] = cheerful_agent
    # What an A2A agent answers GetAgentCard with.
    card: Reply = (404, {}, b"")
    # What is answered first, by kind of call (`sigv4`, `none`, `refused`, `good`), before the truth.
    script: dict[str, list[Reply | Exception]] = field(default_factory=dict)
    always: dict[str, Reply] = field(default_factory=dict)
    # The same for the handshake of a WebSocket, and what the agent does on it.
    ws_script: dict[str, list[Reply]] = field(default_factory=dict)
    ws_always: dict[str, Reply] = field(default_factory=dict)
    ws_agent: Talk = cheerful
    seen: list[Seen] = field(default_factory=list)
    # Which version each endpoint serves.
    endpoints: dict[str, str] = field(default_factory=dict)

    def describe(self, url: str) -> Reply:
        """Answer GetAgentRuntimeEndpoint."""
        name = urlsplit(url).path.rstrip("/").rpartition("/")[2]
        if name not in self.endpoints:
            return refused(404, "ResourceNotFoundException")
        return reply(200, {"name": name, "status": "READY", "liveVersion": self.endpoints[name]})

    @property
    def stopped(self) -> list[Seen]:
        return [call for call in self.seen if call.action == "stopruntimesession"]

    @property
    def cards(self) -> list[Seen]:
        return [call for call in self.seen if call.action == CARD]

    @property
    def opened(self) -> list[Seen]:
        return [call for call in self.seen if call.action == "ws"]

    @property
    def invoked(self) -> list[Seen]:
        return [call for call in self.seen if call.action == "invocations"]

    def handle(self, url: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(url)
        _, runtimes, arn, action = parts.path.split("/", 3)
        assert (runtimes, unquote(arn)) == ("runtimes", ARN)
        assert "/" not in arn
        assert len(headers[SESSION]) >= 33
        kind = self._kind(headers.get("authorization", ""))
        payload = json.loads(body) if body else None
        qualifier = parse_qs(parts.query)["qualifier"][0]
        self.seen.append(Seen(action, kind, qualifier, headers[SESSION], headers, payload))
        if action == "stopruntimesession":
            return reply(200, {}) if kind == "good" else refused(403, "AccessDeniedException")
        if action == "ws":
            return self._handshake(kind)
        if self.script.get(kind):
            scripted = self.script[kind].pop(0)
            if isinstance(scripted, Exception):
                raise scripted
            return scripted
        if kind in self.always:
            return self.always[kind]
        if kind == "good":
            return self.card if action == CARD else self.agent(payload or {}, headers)
        if kind == "none":
            return 401, {"www-authenticate": 'Bearer resource_metadata="https://x"'}, b""
        return refused(403, "AccessDeniedException")

    def _handshake(self, kind: str) -> Reply:
        if self.ws_script.get(kind):
            return self.ws_script[kind].pop(0)
        if kind in self.ws_always:
            return self.ws_always[kind]
        if kind == "good":
            return 101, {}, b""
        if kind == "none":
            return 401, {"x-amzn-errortype": "UnauthorizedException"}, b""
        return refused(403, "AccessDeniedException")

    def _kind(self, authorization: str) -> str:
        if authorization.startswith("AWS4-HMAC-SHA256"):
            return "good" if self.identity.type == "iam" else "sigv4"
        if not authorization:
            return "none"
        if self.identity.type == "iam":
            return "refused"
        claims = self._claims(authorization.removeprefix("Bearer "))
        return "good" if claims is not None and self._fits(claims) else "refused"

    def _claims(self, token: str) -> dict[str, Any] | None:
        for key in self.keys:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token, key, algorithms=["RS256"], options={"verify_aud": False}
                )
            except jwt.InvalidTokenError:
                continue
            return claims
        return None

    def _fits(self, claims: dict[str, Any]) -> bool:
        rules = (
            (self.identity.allowed_clients, [claims.get("client_id")]),
            (self.identity.allowed_audience, [claims.get("aud")]),
            (self.identity.allowed_scopes, claims.get("scope", "").split()),
        )
        return all(allowed is None or set(allowed) & set(has) for allowed, has in rules)
