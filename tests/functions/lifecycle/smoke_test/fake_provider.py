"""An OAuth provider's token endpoint that answers in this process."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import jwt

from tests.functions.lifecycle.smoke_test.fake_runtime import Reply, reply

DISCOVERY = "https://idp.example.com/.well-known/openid-configuration"


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
            document: dict[str, Any] = {
                "issuer": "https://idp.example.com",
                "token_endpoint": "https://idp.example.com/token",
            }
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
