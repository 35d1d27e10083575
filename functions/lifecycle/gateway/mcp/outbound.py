"""A credential of the environment that a gateway signs in to a target with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

API_KEY_HEADER = "X-API-Key"
"""The header that carries an API key, unless a target names another one."""


@dataclass(frozen=True)
class Outbound:
    """A credential provider of AgentCore Identity.

    Attributes:
        type: What it gives.
        arn: Its ARN.
        secret_arn: The secret in which AgentCore keeps what it gives; None if it is not known.
        scopes: The scopes that a token is asked for, unless a target names its own.
    """

    type: Literal["oauth2", "apiKey"]
    arn: str
    secret_arn: str | None = None
    scopes: tuple[str, ...] = ()

    def configuration(self, scopes: list[str], header: str | None) -> dict[str, Any]:
        """The entry of `credentialProviderConfigurations`.

        Args:
            scopes: The target's own scopes.
            header: The header that carries an API key.
        """
        if self.type == "apiKey":
            # Where AgentCore puts a key by itself is not documented, so it is told.
            place = {
                "credentialLocation": "HEADER",
                "credentialParameterName": header or API_KEY_HEADER,
            }
            key = {"apiKeyCredentialProvider": {"providerArn": self.arn, **place}}
            return {"credentialProviderType": "API_KEY", "credentialProvider": key}
        token = {
            "oauthCredentialProvider": {
                "providerArn": self.arn,
                "scopes": scopes or list(self.scopes),
                "grantType": "CLIENT_CREDENTIALS",
            }
        }
        return {"credentialProviderType": "OAUTH", "credentialProvider": token}

    @property
    def action(self) -> str:
        """The action with which AgentCore gets it."""
        kind = "GetResourceApiKey" if self.type == "apiKey" else "GetResourceOauth2Token"
        return f"bedrock-agentcore:{kind}"
