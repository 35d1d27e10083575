"""A runtime's data plane and an OAuth provider that answer in this process, as AGENTCORE.md says the service does."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

import httpx
import jwt
import pytest
from botocore.awsrequest import AWSResponse
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.utilities.utils import load_resource

from lifecycle.clients import Clients
from lifecycle.record import IdentityRecord, RuntimeRecord

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/stack_dev-abcdefghij"
DISCOVERY = "https://idp.example.com/.well-known/openid-configuration"
SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"

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
    # What is answered first, by kind of call (`sigv4`, `none`, `refused`, `good`), before the truth.
    script: dict[str, list[Reply | Exception]] = field(default_factory=dict)
    always: dict[str, Reply] = field(default_factory=dict)
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
    def invoked(self) -> list[Seen]:
        return [call for call in self.seen if call.action == "invocations"]

    def handle(self, url: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(url)
        _, runtimes, arn, action = parts.path.split("/")
        assert (runtimes, unquote(arn)) == ("runtimes", ARN)
        assert "/" not in arn
        assert len(headers[SESSION]) >= 33
        kind = self._kind(headers.get("authorization", ""))
        payload = json.loads(body) if body else None
        qualifier = parse_qs(parts.query)["qualifier"][0]
        self.seen.append(Seen(action, kind, qualifier, headers[SESSION], headers, payload))
        if action == "stopruntimesession":
            return reply(200, {}) if kind == "good" else refused(403, "AccessDeniedException")
        if self.script.get(kind):
            scripted = self.script[kind].pop(0)
            if isinstance(scripted, Exception):
                raise scripted
            return scripted
        if kind in self.always:
            return self.always[kind]
        if kind == "good":
            return self.agent(payload or {}, headers)
        if kind == "none":
            return 401, {"www-authenticate": 'Bearer resource_metadata="https://x"'}, b""
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


@dataclass
class FakeProvider:
    """A token endpoint for client credentials, Cognito's or another's."""

    key: Any
    cognito: Any
    others: dict[str, str] = field(default_factory=dict)
    methods: list[str] | None = None
    script: list[Reply | Exception] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)

    def handle(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        if self.script:
            scripted = self.script.pop(0)
            if isinstance(scripted, Exception):
                raise scripted
            return scripted
        if method == "GET":
            assert url == DISCOVERY
            document: dict[str, Any] = {"token_endpoint": "https://idp.example.com/token"}
            if self.methods is not None:
                document["token_endpoint_auth_methods_supported"] = self.methods
            return reply(200, document)
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        self.forms.append(form)
        client_id, secret = self._credentials(headers, form)
        assert form["grant_type"] == "client_credentials"
        if self._secret_of(client_id) != secret:
            return reply(401, {"error": "invalid_client"})
        claims = {"client_id": client_id, "scope": form.get("scope", "")}
        if "audience" in form:
            claims["aud"] = form["audience"]
        token = jwt.encode(claims, self.key, algorithm="RS256")
        self.issued.append(token)
        return reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _credentials(self, headers: dict[str, str], form: dict[str, str]) -> tuple[str, str]:
        if self.methods == ["client_secret_post"]:
            assert "authorization" not in headers
            return form["client_id"], form["client_secret"]
        pair = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode()
        client_id, _, secret = pair.partition(":")
        return unquote_plus(client_id), unquote_plus(secret)

    def _secret_of(self, client_id: str) -> str | None:
        if client_id in self.others:
            return self.others[client_id]
        (pool,) = self.cognito.list_user_pools(MaxResults=60)["UserPools"]
        client = self.cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=client_id)
        secret: str = client["UserPoolClient"]["ClientSecret"]
        return secret


class _Raw(io.BytesIO):
    def stream(self, amt: int = 1024, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


class FakeClients(Clients):
    """Clients whose AgentCore and plain HTTPS are the fakes; the rest is moto."""

    def __init__(self, session: Any, runtime: FakeRuntime, provider: FakeProvider) -> None:
        super().__init__(session)
        self._runtime = runtime
        self._provider = provider
        self._made: dict[str, Any] = {}

    def _client(self, service: str, *arguments: Any, **more: Any) -> Any:
        # One boto3 client a service: making one takes longer than everything that a test does with it.
        if service not in self._made:
            self._made[service] = super()._client(service, *arguments, **more)
            if service.startswith("bedrock-agentcore"):
                self._made[service].meta.events.register_first("before-send", self._send)
        return self._made[service]

    def http(self, seconds: float) -> httpx.Client:
        assert seconds > 0
        return httpx.Client(transport=httpx.MockTransport(self._transport), timeout=seconds)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        headers = {
            key.lower(): value.decode() if isinstance(value, bytes) else value
            for key, value in request.headers.items()
        }
        if urlsplit(request.url).netloc.startswith("bedrock-agentcore-control"):
            status, answered, body = self._runtime.describe(request.url)
        else:
            status, answered, body = self._runtime.handle(request.url, headers, request.body or b"")
        return AWSResponse(request.url, status, answered, _Raw(body))

    def _transport(self, request: httpx.Request) -> httpx.Response:
        url, headers, body = str(request.url), dict(request.headers), request.content
        if request.url.host == "bedrock-agentcore.us-east-1.amazonaws.com":
            status, answered, content = self._runtime.handle(url, headers, body)
        else:
            status, answered, content = self._provider.handle(request.method, url, headers, body)
        return httpx.Response(status, headers=answered, content=content)


@dataclass
class Smoke:
    """An environment with a runtime that can be tested."""

    world: Any
    runtime: FakeRuntime
    provider: FakeProvider
    clients: FakeClients
    pauses: list[float] = field(default_factory=list)

    def deploy(self, identity: IdentityRecord | None = None, **runtime: Any) -> None:
        """Note a runtime with the identity in the record."""
        self.runtime.identity = identity or self.world.identity
        record = RuntimeRecord(name="stack_dev", id="x", arn=ARN, version="3", **runtime)
        self.runtime.endpoints = {"DEFAULT": "3"}
        if record.live_version is not None:
            self.runtime.endpoints["live"] = record.live_version
        self.world.records.update(
            "dev",
            "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one",
            identity=self.runtime.identity,
            runtime=record,
        )

    def keep_secret(self, name: str, value: Any) -> str:
        arn: str = self.world.secrets.create_secret(
            Name=name, SecretString=value if isinstance(value, str) else json.dumps(value)
        )["ARN"]
        return arn


@pytest.fixture(scope="session")
def provider_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def cognito_key() -> Any:
    (key,) = load_resource("cognitoidp/resources/jwks-public.json")["keys"]
    return jwt.PyJWK(key).key


@pytest.fixture(scope="session")
def fake_clients(aws_session: Any) -> FakeClients:
    return FakeClients(aws_session, FakeRuntime([]), FakeProvider(None, None))


@pytest.fixture
def smoke(
    world: Any, fake_clients: FakeClients, provider_key: rsa.RSAPrivateKey, cognito_key: Any
) -> Smoke:
    runtime = FakeRuntime([cognito_key, provider_key.public_key()])
    provider = FakeProvider(provider_key, world.cognito)
    fake_clients._runtime = runtime
    fake_clients._provider = provider
    return Smoke(world, runtime, provider, fake_clients)
