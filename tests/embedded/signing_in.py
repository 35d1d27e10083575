"""Every way to sign in, for whole lifecycles: an OpenID provider of a test's own, and the input for each way."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass
class Provider:
    """An OpenID provider on loopback: discovery, keys, and tokens for client credentials."""

    url: str = ""
    clients: dict[str, str] = field(default_factory=lambda: {"smoke": "s&cret/ü+"})
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def discovery_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def token(self, client: str = "smoke", **claims: Any) -> str:
        now = int(time.time())
        standard = {
            "iss": self.url,
            "sub": client,
            "client_id": client,
            "aud": "agents",
            "scope": "agents/invoke",
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode({**standard, **claims}, self.key, "RS256", headers={"kid": "one"})

    def documents(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint": f"{self.url}/token",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            },
            "/keys": {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]},
        }

    def issue(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        self.asked.append(form)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        client, secret = (unquote_plus(part) for part in pair.split(":", 1))
        if self.clients.get(client) != secret:
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        token = self.token(client, scope=form["scope"][0])
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 600}

    def auth(self, aws: Any, environments: str) -> dict[str, Any]:
        """The `auth` of an input that trusts this provider; makes the secret of the smoke test's client.

        Args:
            aws: The local AWS.
            environments: Which environments may use the secret, as its tag says it.
        """
        secret = aws.client("secretsmanager").create_secret(
            Name=f"their-own/{uuid.uuid4().hex}",
            SecretString=json.dumps(
                {
                    "clientId": "smoke",
                    "clientSecret": self.clients["smoke"],
                    "scope": "agents/invoke",
                }
            ),
            Tags=[
                {"Key": "agentcore-lifecycle:smoke-test-host", "Value": "127.0.0.1"},
                {"Key": "agentcore-lifecycle:smoke-test-environments", "Value": environments},
            ],
        )
        return {
            "type": "jwt",
            "discoveryUrl": self.discovery_url,
            "allowedClients": ["smoke", "somebody"],
            "allowedAudience": ["agents"],
            "allowedScopes": ["agents/invoke"],
            "tokenSecretArn": secret["ARN"],
        }


@contextmanager
def serving() -> Iterator[Provider]:
    """Serve a provider until the block ends."""
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = made.documents().get(self.path)
            self.answer(200 if document else 404, document or {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(*made.issue(self.headers.get("Authorization", ""), parse_qs(body)))

        def answer(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def auths(aws: Any, provider: Provider) -> dict[str, dict[str, Any]]:
    """The `auth` of the input for each way."""
    return {
        "password": {"type": "cognito"},
        "clientCredentials": {"type": "cognito", "flow": "clientCredentials"},
        "iam": {"type": "iam"},
        "jwt": provider.auth(aws, "agentcore-lifecycle/t..."),
    }
