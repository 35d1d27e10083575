"""The input's section `auth`: who may call the runtime, and how the smoke test signs in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifecycle.request.inputs import InputModel, allowed, problem, problems
from lifecycle.request.service.ownership import AUTH_OWNED
from lifecycle.request.service.service_model import find_faults, jwt_authorizer_shape
from lifecycle.request.service.urls import has_valid_host
from lifecycle.sections.flow import Flow

# Visible ASCII without `?` and `#`: no HTTP client sends another URL (RFC 3986, section 2).
_DISCOVERY_URL = r"^https?://[!-\x22$->@-~]+/\.well-known/openid-configuration$"
_COGNITO = re.compile(
    r"https://(issuer-)?cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/", re.IGNORECASE
)
_SECRET_ARN = r"^arn:aws(-[^:]+)?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$"  # noqa: S105 - a pattern
_Scope = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")]


# botocore's documentation of ClaimMatchOperatorType: which kind of claim and of value goes with an operator.
_CLAIMS = {
    "EQUALS": ("STRING", "matchValueString"),
    "CONTAINS": ("STRING_ARRAY", "matchValueString"),
    "CONTAINS_ANY": ("STRING_ARRAY", "matchValueStringList"),
}


def _claims_that_do_not_fit(claims: list[dict[str, Any]]) -> Iterator[tuple[str, Any, str]]:
    for index, claim in enumerate(claims):
        match = claim["authorizingClaimMatchValue"]
        operator, kind = match["claimMatchOperator"], claim["inboundTokenClaimValueType"]
        (value,) = match["claimMatchValue"]
        if _CLAIMS.get(operator, (kind, value)) != (kind, value):
            goes = f"{operator} with {' and '.join(_CLAIMS[operator])}"
            yield f"customClaims[{index}]", f"{operator} with {kind} and {value}", goes


class Auth(InputModel):
    """Who may call the runtime, and how the smoke test signs in."""

    type: Literal["cognito", "jwt", "iam"] = Field(
        default="cognito",
        description="`cognito`: a user pool that the lifecycle creates. `jwt`: your own OpenID Connect provider. "
        "`iam`: SigV4.",
        json_schema_extra=allowed("cognito, jwt or iam"),
    )
    flow: Flow | None = Field(
        default=None,
        description="For `cognito`: how a caller gets a token. `password` (the default): a test user signs in. "
        "`clientCredentials`: machine to machine.",
        json_schema_extra=allowed("password or clientCredentials, only for auth.type cognito"),
    )
    discovery_url: str | None = Field(
        default=None,
        max_length=2048,
        pattern=_DISCOVERY_URL,
        description="For `jwt`: URL of the provider's discovery document. The stack's parameter `ProviderHosts` "
        "must have its host.",
        json_schema_extra=allowed("a URL that ends in /.well-known/openid-configuration"),
    )
    allowed_clients: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="For `jwt`: accepted values of the claim `client_id`.",
        json_schema_extra=allowed("a list of one or more strings, only for auth.type jwt"),
    )
    allowed_audience: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="For `jwt`: accepted values of the claim `aud`.",
        json_schema_extra=allowed("a list of one or more strings, only for auth.type jwt"),
    )
    allowed_scopes: list[_Scope] | None = Field(
        default=None,
        min_length=1,
        description="For `jwt`: a token must have at least one of these scopes.",
        json_schema_extra=allowed(
            "a list of one or more scopes without spaces, only for auth.type jwt"
        ),
    )
    token_secret_arn: str | None = Field(
        default=None,
        max_length=2048,
        pattern=_SECRET_ARN,
        description="For `jwt`: the secret that holds the smoke test's own client credentials, as JSON "
        "`{clientId, clientSecret, scope?, audience?}`. The smoke test sends them to the provider's token endpoint. "
        "The secret must have two tags: `agentcore-lifecycle:smoke-test-host` with the host of `discoveryUrl`, and "
        "`agentcore-lifecycle:smoke-test-environments` with `<stack>/<environment>`.",
        json_schema_extra=allowed(
            "the ARN of a Secrets Manager secret of this account, only for auth.type jwt"
        ),
    )
    configuration: dict[str, Any] = Field(
        default_factory=dict,
        description="Any other member of AgentCore's `customJWTAuthorizer`, in AWS's own names, such as "
        "`customClaims`.",
        json_schema_extra=allowed(
            "an object of members of customJWTAuthorizer that have no field of their own, only for auth.type cognito "
            "or jwt"
        ),
    )

    @field_validator("configuration")
    @classmethod
    def _is_in_the_service_model(cls, value: dict[str, Any]) -> dict[str, Any]:
        faults = list(find_faults(jwt_authorizer_shape(), value, AUTH_OWNED)) if value else []
        found = [(fault.path, fault.given, fault.allowed) for fault in faults]
        if not found:
            found = list(_claims_that_do_not_fit(value.get("customClaims", [])))
        if found:
            raise problems(found)
        return value

    @field_validator("discovery_url")
    @classmethod
    def _host_is_valid(cls, value: str | None) -> str | None:
        if value is not None and not has_valid_host(value):
            raise problem("", value, "a URL with a valid host name")
        return value

    @model_validator(mode="after")
    def _fields_fit_the_type(self) -> Self:
        found = self._of_jwt()
        if self.flow is not None and self.type != "cognito":
            found.append(("flow", self.flow, "only with auth.type cognito"))
        if self.configuration and self.type == "iam":
            only = "only with auth.type cognito or jwt"
            found.append(("configuration", self.configuration, only))
        if found:
            raise problems(found)
        return self

    def _of_jwt(self) -> list[tuple[str, Any, str]]:
        for_jwt = {
            "discoveryUrl": self.discovery_url,
            "allowedClients": self.allowed_clients,
            "allowedAudience": self.allowed_audience,
            "allowedScopes": self.allowed_scopes,
            "tokenSecretArn": self.token_secret_arn,
        }
        if self.type != "jwt":
            given = {name: value for name, value in for_jwt.items() if value is not None}
            return [(name, value, "only with auth.type jwt") for name, value in given.items()]
        found: list[tuple[str, Any, str]] = [
            (name, None, "required with auth.type jwt")
            for name in ("discoveryUrl", "tokenSecretArn")
            if for_jwt[name] is None
        ]
        if not (self.allowed_clients or self.allowed_audience or self.allowed_scopes):
            one = "at least one of allowedClients, allowedAudience, allowedScopes"
            found.append(("allowedClients", None, one))
        elif _COGNITO.match(self.discovery_url or "") and self.allowed_audience:
            # Source: Cognito developer guide, "Understanding the access token": it has client_id and no aud.
            tokens = (
                "nothing for Amazon Cognito, whose access tokens have no aud: use allowedClients"
            )
            found.append(("allowedAudience", self.allowed_audience, tokens))
        return found

    @property
    def cognito_flow(self) -> Flow:
        """How a caller of a Cognito environment gets a token."""
        return self.flow or "password"
