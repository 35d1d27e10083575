"""Which token endpoints a secret may be sent to."""

from __future__ import annotations

import pytest

from lifecycle.provider.discovery import TokenEndpoint, token_endpoint_of
from lifecycle.provider.hosts import is_cognito_pair, matches, refusal
from lifecycle.settings import ProviderSettings

SETTINGS = ProviderSettings(
    stack_name="stack",
    table_name="table",
    provider_hosts="cognito-idp.*.amazonaws.com,*.example.com,login.example.org",  # type: ignore[arg-type]
    provider_networks="public",
)
POOL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc"


@pytest.mark.parametrize(
    ("issuer", "endpoint", "secret_hosts"),
    [
        ("https://idp.example.com", "https://idp.example.com/token", ()),
        # An issuer may end in a slash, which the document's own URL leaves out.
        ("https://idp.example.com/", "https://idp.example.com:443/oauth/token", ()),
        ("https://idp.example.com/realms/one", "https://IDP.example.com/realms/one/token", ()),
        (POOL, "https://x.auth.us-east-1.amazoncognito.com/oauth2/token", ()),
        # The custom domain of a user pool, which the stack and the secret's owner both name.
        (POOL, "https://login.example.org/oauth2/token", ("login.example.org",)),
    ],
)
def test_an_endpoint_of_the_issuer_is_taken(
    issuer: str, endpoint: str, secret_hosts: tuple[str, ...]
) -> None:
    document = {"issuer": issuer, "token_endpoint": endpoint}
    url = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
    assert token_endpoint_of(document, url, secret_hosts, SETTINGS) == TokenEndpoint(endpoint)


@pytest.mark.parametrize(
    ("issuer", "domain", "pair"),
    [
        ("cognito-idp.us-east-1.amazonaws.com", "x.auth.us-east-1.amazoncognito.com", True),
        ("issuer-cognito-idp.us-east-1.amazonaws.com", "x.auth.us-east-1.amazoncognito.com", True),
        (
            "cognito-idp.us-gov-west-1.amazonaws.com",
            "x.auth-fips.us-gov-west-1.amazoncognito.com",
            True,
        ),
        (
            "cognito-idp.cn-north-1.amazonaws.com.cn",
            "x.auth.cn-north-1.amazoncognito.com.cn",
            True,
        ),
        ("cognito-idp.cn-north-1.amazonaws.com", "x.auth.cn-north-1.amazoncognito.com.cn", False),
        ("cognito-idp.us-east-1.amazonaws.com", "x.auth.us-east-2.amazoncognito.com", False),
        ("cognito-idp.us-east-1.amazonaws.com", "x.y.auth.us-east-1.amazoncognito.com", False),
        ("cognito-idp.us-east-1.amazonaws.com", "auth.us-east-1.amazoncognito.com", False),
        ("x.cognito-idp.us-east-1.amazonaws.com", "x.auth.us-east-1.amazoncognito.com", False),
        ("idp.example.com", "x.auth.us-east-1.amazoncognito.com", False),
    ],
)
def test_a_cognito_domain_belongs_to_the_issuers_of_its_region(
    issuer: str, domain: str, pair: bool
) -> None:
    assert is_cognito_pair(issuer, domain) is pair


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", ".example.com", False),
        ("IDP.example.com", "idp.example.com", True),
        ("cognito-idp.*.amazonaws.com", "cognito-idp.eu-west-1.amazonaws.com", True),
        ("cognito-idp.*.amazonaws.com", "cognito-idp.eu-west-1.amazonaws.com.cn", False),
    ],
)
def test_a_star_is_exactly_one_label(pattern: str, host: str, fits: bool) -> None:
    assert matches(pattern, host) is fits


def test_the_local_aws_takes_http_and_any_port_but_no_other_host() -> None:
    anywhere = SETTINGS.model_copy(update={"provider_networks": "any"})
    assert refusal("http://a.example.com:8080/x", anywhere) is None
    assert "ProviderHosts" in str(refusal("http://localhost:8080/x", anywhere))
    assert "https://" in str(refusal("http://a.example.com/x", SETTINGS))
