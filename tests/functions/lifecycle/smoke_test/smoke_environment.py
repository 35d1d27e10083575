"""An environment in moto with a runtime that can be smoke tested, and clients that reach the fakes."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.awsrequest import AWSResponse
from websockets.sync.client import ClientConnection

from lifecycle.clients import Clients
from lifecycle.provider.secret_tags import ENVIRONMENTS_TAG, HOST_TAG
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.smoke_test.run import SmokeTestReport, run_smoke_test
from tests.functions.lifecycle.raw_body import RawBody
from tests.functions.lifecycle.smoke_test.fake_provider import FakeProvider
from tests.functions.lifecycle.smoke_test.fake_runtime import ARN, FakeRuntime
from tests.functions.lifecycle.smoke_test.fake_websocket import serve


class FakeClients(Clients):
    """Clients whose AgentCore and plain HTTPS are the fakes; the rest is moto."""

    def __init__(self, session: Any, runtime: FakeRuntime, provider: FakeProvider) -> None:
        super().__init__(session)
        self._runtime = runtime
        self._provider = provider
        self._made: dict[str, Any] = {}

    def turn_to(self, runtime: FakeRuntime, provider: FakeProvider) -> None:
        """Reach other fakes from now on."""
        self._runtime, self._provider = runtime, provider

    def _client(self, service: str, *arguments: Any, **more: Any) -> Any:
        # One boto3 client a service: making one takes longer than everything that a test does with it.
        if service not in self._made:
            self._made[service] = super()._client(service, *arguments, **more)
            if service.startswith("bedrock-agentcore"):
                self._made[service].meta.events.register_first("before-send", self._send)
        return self._made[service]

    def http(self, seconds: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        assert seconds > 0
        return httpx.Client(transport=httpx.MockTransport(self._transport), timeout=seconds)

    def websocket(
        self,
        url: str,
        headers: Mapping[str, str],
        seconds: float,
        most_bytes: int,
        sock: socket.socket | None = None,
    ) -> AbstractContextManager[ClientConnection]:
        assert url.startswith("wss://bedrock-agentcore.us-east-1.amazonaws.com/")
        runtime = self._runtime
        sock = serve(lambda url, headers: runtime.handle(url, headers, b""), runtime.ws_agent)
        # The pair of sockets has no TLS.
        return super().websocket("ws" + url.removeprefix("wss"), headers, seconds, most_bytes, sock)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        headers = {
            key.lower(): value.decode() if isinstance(value, bytes) else value
            for key, value in request.headers.items()
        }
        if urlsplit(request.url).netloc.startswith("bedrock-agentcore-control"):
            status, answered, body = self._runtime.describe(request.url)
        else:
            status, answered, body = self._runtime.handle(request.url, headers, request.body or b"")
        return AWSResponse(request.url, status, answered, RawBody(body))

    def _transport(self, request: httpx.Request) -> httpx.Response:
        url, headers, body = str(request.url), dict(request.headers), request.content
        if request.url.host == "bedrock-agentcore.us-east-1.amazonaws.com":
            status, answered, content = self._runtime.handle(url, headers, body)
        else:
            status, answered, content = self._provider.handle(request.method, url, headers, body)
        return httpx.Response(status, headers=answered, stream=httpx.ByteStream(content))


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

    def keep_secret(self, name: str, value: Any, **tags: str) -> str:
        arn: str = self.world.secrets.create_secret(
            Name=name,
            SecretString=value if isinstance(value, str) else json.dumps(value),
            Tags=[{"Key": key, "Value": text} for key, text in tags.items()],
        )["ARN"]
        return arn


def run(smoke: Any, **request: Any) -> SmokeTestReport:
    """Run the stage; its pauses are noted instead of slept."""
    return run_smoke_test(
        smoke.world.event(**request), clients=smoke.clients, sleep=smoke.pauses.append
    ).smoke_test


def error(status: int, code: str = "SomeException", message: str = "no") -> Any:
    """An answer of AgentCore with an error's name and message."""
    return status, {"x-amzn-errortype": code}, json.dumps({"message": message}).encode()


def allowed(host: str, users: str = "stack/dev") -> dict[str, str]:
    """The tags of a caller's own secret."""
    return {HOST_TAG: host, ENVIRONMENTS_TAG: users}


def jwt_identity(smoke: Any, secret: Any) -> IdentityRecord:
    """A provider of the caller's own, whose token secret holds `secret`."""
    return IdentityRecord(
        type="jwt",
        discovery_url="https://idp.example.com/.well-known/openid-configuration",
        allowed_scopes=["run"],
        token_secret_arn=smoke.keep_secret("theirs", secret, **allowed("idp.example.com")),
    )
