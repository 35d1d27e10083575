"""The token endpoint follows a custom endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.identity.oauth import discovery_url, token_endpoint


class Meta:
    region_name = "eu-west-1"

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url


class Cognito:
    def __init__(self, endpoint_url: str) -> None:
        self.meta = Meta(endpoint_url)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (
            "https://cognito-idp.eu-west-1.amazonaws.com",
            "https://ac-1.auth.eu-west-1.amazoncognito.com/oauth2/token",
        ),
        (
            "https://vpce-1.cognito-idp.eu-west-1.vpce.amazonaws.com",
            "https://ac-1.auth.eu-west-1.amazoncognito.com/oauth2/token",
        ),
        ("http://localhost:4566/", "http://localhost:4566/oauth2/token"),
        ("https://amazonaws.com.evil.example", "https://amazonaws.com.evil.example/oauth2/token"),
    ],
)
def test_token_endpoint(endpoint: str, expected: str) -> None:
    cognito: Any = Cognito(endpoint)
    assert token_endpoint(cognito, "ac-1") == expected


def test_discovery_url_is_the_services_own() -> None:
    cognito: Any = Cognito("http://localhost:4566")
    assert discovery_url(cognito, "eu-west-1_A").startswith(
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A/"
    )
