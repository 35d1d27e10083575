"""When a token expires, and what is said where nobody can sign in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from cli.asking.sign_in import expiry_of, refuse_iam, sign_in
from cli.asking.subject import Asked
from cli.errors import CommandError, UsageError
from lifecycle.sections.identity import IdentityRecord

KEY = "a key that is long enough for a signature"
PLACE: Any = SimpleNamespace(name="s", options="--stack s", output=lambda name: name, parameters={})


def asked(**identity: Any) -> Asked:
    return Asked("dev", "r", "arn", "live", "1", "HTTP", IdentityRecord(**identity))


@pytest.mark.parametrize(
    ("token", "expiry"),
    [
        (jwt.encode({"exp": 1_795_747_437}, KEY), "2026-11-27T02:43:57Z"),
        (jwt.encode({"sub": "x"}, KEY), None),
        ("a.bm8.c", None),
        ("opaque", None),
    ],
)
def test_when_a_token_expires(token: str, expiry: str | None) -> None:
    assert expiry_of(token) == expiry


def test_where_calls_are_signed_there_is_no_token() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_iam(PLACE, asked(type="iam"))
    assert str(caught.value).splitlines() == [
        "environment dev has auth.type iam, so there is no token: its callers sign with AWS credentials; to ask it:",
        "  lifecycle ask --stack s dev '…'",
    ]
    refuse_iam(PLACE, asked(type="cognito"))
    assert sign_in(PLACE, asked(type="iam"), SimpleNamespace()).token is None  # type: ignore[arg-type]


def test_a_secret_is_sent_to_no_host_that_the_stack_does_not_allow() -> None:
    identity = asked(
        type="jwt",
        discovery_url="https://evil.example.com/.well-known/openid-configuration",
        token_secret_arn="arn:secret",
    )
    allowed: Any = SimpleNamespace(
        name="s", output=lambda name: name, parameters={"ProviderHosts": "auth.example.com"}
    )
    # No client is asked: the secret is not even looked at.
    with pytest.raises(CommandError) as caught:
        sign_in(allowed, identity, SimpleNamespace())  # type: ignore[arg-type]
    said = str(caught.value)
    assert said.startswith(
        "cannot sign in to environment dev: expected a token, seen the discovery"
    )
    assert "one of the hosts auth.example.com" in said
