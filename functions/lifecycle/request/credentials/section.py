"""The input's section `credentials`: AgentCore Identity credential providers for outbound calls.

The input names secrets by their ARNs and never has one. The lifecycle does not read them either: AgentCore does, with
the rights of the agent that asks.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from lifecycle.request.inputs import InputModel, allowed, problems
from lifecycle.request.service.urls import has_valid_host

MOST = 10
"""How many credentials an environment has at most."""
_SECRET_ARN = r"^arn:aws(-[^:]+)?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+$"  # noqa: S105 - a pattern
# Within AgentCore's own form (botocore's model: DiscoveryUrlType); visible ASCII without `?` and `#`, as for `auth`.
_DISCOVERY_URL = (
    r"^https?://[!-\x22$->@-~]+/\.well-known/(openid-configuration|oauth-authorization-server)$"
)
LONGEST_SECRET_ARN = 200
"""Characters of a secret's ARN. A role's policy, of 10,240 at most, names up to twice `MOST` secrets and providers."""
_DEFAULT_KEYS = {"apiKey": "apiKey", "oauth2": "clientSecret"}
_NAME_VARIABLE, _SCOPES_VARIABLE = "CREDENTIAL_PROVIDER_", "CREDENTIAL_SCOPES_"


class Credential(InputModel):
    """One credential provider."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}$",
        description="Name of the credential. The agent finds its provider by it.",
        json_schema_extra=allowed(
            "a lower-case letter, then up to 31 lower-case letters, digits or hyphens; each name once"
        ),
    )
    type: Literal["apiKey", "oauth2"] = Field(
        description="`apiKey`: an API key. `oauth2`: access tokens of an OAuth 2.0 provider for the agent itself "
        "(grant `client_credentials`).",
        json_schema_extra=allowed("apiKey or oauth2"),
    )
    secret_arn: str = Field(
        max_length=LONGEST_SECRET_ARN,
        pattern=_SECRET_ARN,
        description="Your secret, as JSON. Its tag `agentcore-lifecycle:credential-environments` must name "
        "`<stack>/<environment>`, and for `oauth2` its tag `agentcore-lifecycle:credential-hosts` the host of "
        "`discoveryUrl`. The lifecycle never reads its value.",
        json_schema_extra=allowed(
            f"the whole ARN of a Secrets Manager secret of this account, at most {LONGEST_SECRET_ARN} characters"
        ),
    )
    json_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="Name of the member of the secret that has the key or the client secret. Default: `apiKey` or "
        "`clientSecret`.",
        json_schema_extra=allowed("1 to 128 characters"),
    )
    discovery_url: str | None = Field(
        default=None,
        max_length=2048,
        pattern=_DISCOVERY_URL,
        description="For `oauth2`: the provider's discovery document. The stack's parameter `ProviderHosts` must allow "
        "its host.",
        json_schema_extra=allowed(
            "a URL that ends in /.well-known/openid-configuration or /.well-known/oauth-authorization-server, only for "
            "type oauth2"
        ),
    )
    client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="For `oauth2`: the client's id, which is no secret.",
        json_schema_extra=allowed("1 to 256 characters, only for type oauth2"),
    )
    scopes: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="For `oauth2`: the scopes that a token is asked for.",
        json_schema_extra=allowed("at most 20 scopes without spaces, only for type oauth2"),
    )

    @model_validator(mode="after")
    def _fields_fit_the_type(self) -> Self:
        found = [*self._wrong()]
        if found:
            raise problems(found)
        return self

    def _wrong(self) -> list[tuple[str, Any, str]]:
        of_oauth2 = {"discoveryUrl": self.discovery_url, "clientId": self.client_id}
        if self.type == "apiKey":
            given = {**of_oauth2, "scopes": self.scopes or None}
            return [
                (name, value, "only with type oauth2")
                for name, value in given.items()
                if value is not None
            ]
        found: list[tuple[str, Any, str]] = [
            (name, None, "required with type oauth2")
            for name, value in of_oauth2.items()
            if value is None
        ]
        if self.discovery_url is not None and not has_valid_host(self.discovery_url):
            found.append(("discoveryUrl", self.discovery_url, "a URL with a valid host name"))
        found += [
            ("scopes", scope, "scopes of 1 to 255 characters without spaces")
            for scope in self.scopes
            if not scope or len(scope) > 255 or not scope.isprintable() or " " in scope
        ]
        return found

    @property
    def secret_key(self) -> str:
        """The member of the secret that has the value."""
        return self.json_key or _DEFAULT_KEYS[self.type]

    def variables(self, provider: str) -> dict[str, str]:
        """The environment variables that an agent finds this credential by.

        Args:
            provider: What AgentCore calls the provider.
        """
        suffix = self.name.upper().replace("-", "_")
        found = {f"{_NAME_VARIABLE}{suffix}": provider}
        return found | (
            {f"{_SCOPES_VARIABLE}{suffix}": " ".join(self.scopes)} if self.scopes else {}
        )
