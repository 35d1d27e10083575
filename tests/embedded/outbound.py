"""Who is called with outbound credentials, and who owns the secrets."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest

from tests.embedded.signing_in import Provider

STACK = "agentcore-lifecycle"
SCOPE = "orders/read"


@dataclass
class Api:
    """A protected API on loopback: it takes a key, or a token of the provider."""

    provider: Provider
    key: str = field(default_factory=lambda: f"key-{uuid.uuid4().hex}")
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, headers: Any) -> str:
        if path == "/key":
            return "right key" if headers["X-Api-Key"] == self.key else "wrong key"
        if path == "/bearer":
            right = headers["Authorization"] == f"Bearer {self.key}"
            return "right key" if right else "wrong key"
        token = headers["Authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        claims = jwt.decode(
            token, self.provider.key.public_key(), algorithms=["RS256"], audience="agents"
        )
        right = (claims["client_id"], claims["scope"]) == ("outbound", SCOPE)
        return "right token" if right else "wrong token"


@pytest.fixture
def api(provider: Provider) -> Iterator[Api]:
    made = Api(provider)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            said = made.answer(self.path, self.headers).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Owner:
    """Who owns the secrets, and allows environments to use them."""

    aws: Any
    api: Api
    client_secret: str = field(default_factory=lambda: f"client-{uuid.uuid4().hex}")

    def secret(self, environments: str, value: dict[str, str], **tags: str) -> str:
        all_tags = {f"{STACK}:credential-environments": environments, **tags}
        made = self.aws.client("secretsmanager").create_secret(
            Name=f"owner-{uuid.uuid4().hex[:8]}",
            SecretString=json.dumps(value),
            Tags=[{"Key": key, "Value": item} for key, item in all_tags.items()],
        )
        return str(made["ARN"])

    def credentials(self, environment: str) -> list[dict[str, Any]]:
        allowed = f"{STACK}/{environment}"
        self.api.provider.clients["outbound"] = self.client_secret
        hosts = {f"{STACK}:credential-hosts": "127.0.0.1"}
        return [
            {
                "name": "weather",
                "type": "apiKey",
                "secretArn": self.secret(allowed, {"apiKey": self.api.key}),
            },
            {
                "name": "orders",
                "type": "oauth2",
                "secretArn": self.secret(allowed, {"clientSecret": self.client_secret}, **hosts),
                "discoveryUrl": self.api.provider.discovery_url,
                "clientId": "outbound",
                "scopes": [SCOPE],
            },
        ]


@pytest.fixture
def owner(aws: Any, api: Api) -> Owner:
    return Owner(aws, api)
