"""The input's section `credentials`: what is taken, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import parse_request

SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:weather-AbCdEf"
KEY: dict[str, Any] = {"name": "weather-api", "type": "apiKey", "secretArn": SECRET}
OAUTH: dict[str, Any] = {
    "name": "orders",
    "type": "oauth2",
    "secretArn": SECRET,
    "discoveryUrl": "https://auth.example.com/.well-known/openid-configuration",
    "clientId": "agent",
    "scopes": ["orders/read", "orders/write"],
}


def test_both_kinds_are_taken_with_their_defaults() -> None:
    key, oauth = parse_request({"credentials": [KEY, OAUTH]}).credentials
    assert (key.secret_key, oauth.secret_key) == ("apiKey", "clientSecret")
    assert key.variables("p1") == {"CREDENTIAL_PROVIDER_WEATHER_API": "p1"}
    assert oauth.variables("p2") == {
        "CREDENTIAL_PROVIDER_ORDERS": "p2",
        "CREDENTIAL_SCOPES_ORDERS": "orders/read orders/write",
    }
    assert parse_request({}).credentials == []


MCP = {
    "type": "mcp",
    "targets": [{"name": "a", "mcpServer": {"endpoint": "https://api.example.com/mcp"}}],
    "test": {"tool": "a___b"},
}


@pytest.mark.parametrize("more", [{"credentials": [KEY]}, {"gateway": MCP}])
def test_tags_that_iam_cannot_tell_apart_are_refused_where_a_role_is_made(
    more: dict[str, Any],
) -> None:
    tags = {"Owner": "a", "owner": "b"}
    assert parse_request({"tags": tags}).tags == tags
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"tags": tags, **more})
    assert "tags: given 'owner', allowed: another key than 'Owner'" in str(caught.value)


def test_so_are_those_of_the_role_of_a_closed_runtime() -> None:
    tags = {"tags": {"Owner": "a", "owner": "b"}, "auth": {"type": "iam"}}
    parse_request(tags | {"gateway": {"type": "runtime"}})
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(tags | {"gateway": {"type": "runtime", "only": True}})
    assert "tags: given 'owner', allowed: another key than 'Owner'" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            [{**KEY, "name": "Weather"}],
            "credentials.0.name: given 'Weather', allowed: a lower-case",
        ),
        ([{**KEY, "apiKey": "k"}], "credentials.0.apiKey: unknown field"),
        ([{**KEY, "secretArn": "weather"}], "credentials.0.secretArn: given 'weather'"),
        ([{**KEY, "scopes": ["a"]}], "credentials.0.scopes: given ['a'], allowed: only with type"),
        ([{**KEY, "clientId": "a"}], "credentials.0.clientId: given 'a', allowed: only with type"),
        ([{**KEY, "jsonKey": ""}], "credentials.0.jsonKey: given ''"),
        ([{**OAUTH, "clientId": None}], "credentials.0.clientId: given nothing, allowed: required"),
        ([{**OAUTH, "discoveryUrl": None}], "credentials.0.discoveryUrl: given nothing"),
        ([{**OAUTH, "discoveryUrl": "https://a.example.com/x"}], "credentials.0.discoveryUrl"),
        (
            [{**OAUTH, "discoveryUrl": "https://a_b/.well-known/openid-configuration"}],
            "a URL with a valid host name",
        ),
        ([{**OAUTH, "scopes": ["a b"]}], "credentials.0.scopes: given 'a b'"),
        (
            [{**KEY, "type": "basic"}],
            "credentials.0.type: given 'basic', allowed: apiKey or oauth2",
        ),
        ([KEY, KEY], "credentials.1.name: given 'weather-api', allowed: each name once"),
        ([{**KEY, "name": f"k{n}"} for n in range(11)], "credentials: given"),
    ],
)
def test_what_is_wrong_is_refused_by_name(given: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_request({"credentials": given})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (
            {"action": "smokeTest"},
            "credentials: given ['weather-api'], allowed: only with action provision",
        ),
        ({"auth": {"type": "iam"}}, "only with auth.type cognito or jwt"),
        (
            {"runtime": {"environmentVariables": {"CREDENTIAL_PROVIDER_WEATHER_API": "x"}}},
            "given 'CREDENTIAL_PROVIDER_WEATHER_API', allowed: another name: the credential weather-api sets",
        ),
        (
            {"runtime": {"environmentVariables": {"A": "x" * 3700}}},
            "allowed: at most 3681 bytes",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(others: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_request({"credentials": [KEY], **others})
    assert said in str(refused.value)
