"""A gateway in front of the fake runtime, with the statuses and headers that AWS documents or that were seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.smoke_test.fake_runtime import (
    ARN,
    FakeRuntime,
    Reply,
    refused,
    reply,
)

HOST = "stack-dev-abcdefghij.gateway.bedrock-agentcore.us-east-1.amazonaws.com"
URL = f"https://{HOST}"
GATEWAY_ID = "stack-dev-abcdefghij"
GATEWAY_ARN = f"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/{GATEWAY_ID}"
TARGET_ID = "TARGET1234"
DOCUMENT = "/.well-known/oauth-protected-resource"


@dataclass
class FakeGateway:
    """Asks for the same sign-in as the runtime, and passes on what the caller signs in with."""

    runtime: FakeRuntime
    door: FakeRuntime
    # What the control plane tells; None when it is gone.
    gateway: dict[str, Any] | None = None
    target: dict[str, Any] | None = None
    # Somebody took the authorizer away.
    is_open: bool = False
    challenge: str | None = f'Bearer resource_metadata="{URL}{DOCUMENT}"'
    document: Reply | None = None
    # Whether it has the second target of a canary.
    is_split: bool = False
    # What is answered before the target is asked, by kind of call as in `FakeRuntime`.
    always: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def describe(self, url: str) -> Reply:
        """Answer GetGateway and GetGatewayTarget."""
        path = urlsplit(url).path.rstrip("/")
        is_target = path.endswith(f"/{GATEWAY_ID}/targets/{TARGET_ID}")
        assert is_target or path.endswith(f"/gateways/{GATEWAY_ID}")
        found = self.target if is_target else self.gateway
        return reply(200, found) if found else refused(404, "ResourceNotFoundException")

    def deploy(self, identity: IdentityRecord) -> None:
        """Make the gateway and its target, as the lifecycle does."""
        self.door.identity = identity
        iam = identity.type == "iam"
        claims: dict[str, Any] = {
            "discoveryUrl": identity.discovery_url,
            "allowedClients": [identity.client_id]
            if identity.client_id
            else identity.allowed_clients,
            "allowedScopes": [identity.scope]
            if identity.flow == "clientCredentials"
            else identity.allowed_scopes,
            "allowedAudience": identity.allowed_audience,
        }
        given = {name: value for name, value in claims.items() if value}
        self.gateway = {
            "gatewayArn": GATEWAY_ARN,
            "gatewayId": GATEWAY_ID,
            "gatewayUrl": URL,
            "name": "stack-dev",
            "status": "READY",
            "authorizerType": "AWS_IAM" if iam else "CUSTOM_JWT",
        }
        if not iam:
            self.gateway["authorizerConfiguration"] = {"customJWTAuthorizer": given}
        self.target = {
            "gatewayArn": GATEWAY_ARN,
            "targetId": TARGET_ID,
            "name": "live",
            "status": "READY",
            "targetConfiguration": {
                "http": {"agentcoreRuntime": {"arn": ARN, "qualifier": "live"}}
            },
            "credentialProviderConfigurations": [
                {"credentialProviderType": "CALLER_IAM_CREDENTIALS" if iam else "JWT_PASSTHROUGH"}
            ],
        }
        if not iam:
            issuer = str(identity.discovery_url).removesuffix("/.well-known/openid-configuration")
            self.document = reply(200, {"resource": URL, "authorization_servers": [issuer]})

    def handle(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer a call of the gateway's address."""
        path = urlsplit(url).path
        self.asked.append((method, path, headers))
        if method == "GET" and path == DOCUMENT:
            return self.document or refused(404, "ResourceNotFoundException")
        kind = self.door._kind(headers.get("authorization", ""))
        if kind in self.always:
            return self.always[kind]
        if not self.is_open and kind != "good":
            return self._refusal(kind)
        target = path.split("/")[1]
        known = {"live": "live"} | ({"canary": "candidate"} if self.is_split else {})
        if path != f"/{target}/invocations" or target not in known or self.target is None:
            return refused(404, "ResourceNotFoundException")
        endpoint = known[target]
        address = (
            f"https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/{quote(ARN, safe='')}"
        )
        return self.runtime.handle(f"{address}/invocations?qualifier={endpoint}", headers, body)

    def _refusal(self, kind: str) -> Reply:
        if kind == "none" and self.door.identity.type != "iam":
            named = {} if self.challenge is None else {"www-authenticate": self.challenge}
            return 401, named, b""
        return refused(403, "AccessDeniedException")
