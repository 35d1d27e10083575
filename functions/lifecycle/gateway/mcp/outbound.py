"""A credential of the environment that a gateway signs in to a target with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lifecycle.request.gateway.targets import McpTarget

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

    def configuration(self, target: McpTarget) -> dict[str, Any]:
        """The entry of `credentialProviderConfigurations`.

        Args:
            target: Has its own scopes, or the header that carries an API key and the scheme before it.
        """
        if self.type == "apiKey":
            # Where AgentCore puts a key by itself is not documented, so it is told.
            place = {
                "credentialLocation": "HEADER",
                "credentialParameterName": target.header or API_KEY_HEADER,
            }
            if target.scheme is not None:
                # With its space: whether AgentCore puts one is not documented, and two are none too many for it.
                place["credentialPrefix"] = f"{target.scheme} "
            key = {"apiKeyCredentialProvider": {"providerArn": self.arn, **place}}
            return {"credentialProviderType": "API_KEY", "credentialProvider": key}
        token = {
            "oauthCredentialProvider": {
                "providerArn": self.arn,
                "scopes": target.scopes or list(self.scopes),
                "grantType": "CLIENT_CREDENTIALS",
            }
        }
        return {"credentialProviderType": "OAUTH", "credentialProvider": token}

    @property
    def resource(self) -> str:
        """Its ARN as policies name it: the service model writes that of a provider in another way than the guide."""
        return self.arn.replace(":acps:", ":bedrock-agentcore:", 1)

    @property
    def action(self) -> str:
        """The action with which AgentCore gets it."""
        kind = "GetResourceApiKey" if self.type == "apiKey" else "GetResourceOauth2Token"
        return f"bedrock-agentcore:{kind}"
