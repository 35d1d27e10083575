"""Odd inputs: each is refused by its name, in a message of bounded length."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.limits.environment import environment_of
from lifecycle.request.model import parse_request

DOCUMENT = "/.well-known/openid-configuration"


def refusal(given: dict[str, Any]) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(given)
    message = str(caught.value)
    assert len(message) < 20_000
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("given", "begins"),
    [
        ({"[key]": 1}, "[key]: unknown field"),
        ({"runtime": {"[key]": 1}}, "runtime.[key]: unknown field"),
        ({"tags": {"[key]": "a"}}, "tags.[key]: given '[key]'"),
        ({"tags": {"a": 1}}, "tags.a: given 1"),
        (
            {"runtime": {"environmentVariables": {"1": "a"}}},
            "runtime.environmentVariables.1: given",
        ),
        ({"ttlHours": 5e-324}, "ttlHours: given 5e-324, allowed: 0.0001 to 8760"),
        ({"ttlHours": float("nan")}, "ttlHours: given nan"),
        ({"ttlHours": 10**400}, "ttlHours: given a whole number of 1329 bits"),
        ({"": 1}, "(empty): unknown field"),
        ({" ": 1}, '" ": unknown field'),
        ({"wait": {" seconds": 1}}, 'wait." seconds": unknown field'),
        ({"a\nb\u202e": 1}, r"a\nb\u202e: unknown field"),
        ({"\ud800": 1}, r"\ud800: unknown field"),
        ({"runtime": {"\ud800": 1}}, r"runtime.\ud800: unknown field"),
        ({"tags": {"\ud800": "a"}}, r"tags.\ud800: given '\ud800'"),
        ({"runtime": {"configuration": {"\ud800": 1}}}, r"runtime.configuration.\ud800: given 1"),
        ({"smokeTest": {"expect": "(?P<\n>"}}, r"smokeTest.expect: given '(?P<\n>'"),
        ({"runtime": {"environmentVariables": {"A": "b\0"}}}, "runtime.environmentVariables.A: "),
    ],
)
def test_a_field_is_refused_by_its_name(given: dict[str, Any], begins: str) -> None:
    assert refusal(given).startswith(begins)


@pytest.mark.parametrize(
    "host",
    [
        "[::1",
        "::1]",
        "[::g]",
        "a..b",
        ".a",
        "a-.example.com",
        f"{'a' * 70}.example.com",
        f"{'a.' * 130}com",
        "xn--",
        "xn--.com",
        "xn--99999999999.com",
        "a:70000",
        "a:0",
        "a:b",
        "999.1.1.1",
        "例え.jp",
        "a/\x04",
        "a/例",
        "a/b c",
    ],
)
def test_a_discovery_url_without_a_valid_host_is_refused(host: str) -> None:
    auth = {"type": "jwt", "discoveryUrl": f"https://{host}{DOCUMENT}", "allowedClients": ["a"]}
    assert refusal({"auth": auth}).startswith("auth.discoveryUrl: given 'https://")


@pytest.mark.parametrize(
    "host",
    ["a", "idp.example.com", "idp.example.com:8443", "[::1]:80", "127.0.0.1", "xn--r8jz45g.jp"],
)
def test_a_discovery_url_with_a_valid_host_is_taken(host: str) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs-abcdef"
    auth = {"type": "jwt", "discoveryUrl": f"https://{host}{DOCUMENT}", "allowedClients": ["a"]}
    assert parse_request({"auth": {**auth, "tokenSecretArn": secret}}).auth.type == "jwt"


def test_many_unknown_fields_are_counted() -> None:
    message = refusal({f"unknown{number}": 1 for number in range(15_000)})
    assert message.count("unknown field") == 20
    assert message.endswith("; and 14980 more")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [26, 900, 50_000])
def test_json_that_the_record_could_not_hold_is_refused_by_its_field(depth: int) -> None:
    runtime = {"configuration": nested(depth)}
    assert refusal({"runtime": runtime}).startswith("runtime: given JSON of more than 25 levels")


def test_a_long_name_within_a_configuration_is_cut() -> None:
    message = refusal({"runtime": {"configuration": {"x" * 150_000: 1}}})
    assert message.startswith("runtime.configuration.xxx")


def test_only_the_faults_that_are_told_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no_match(name: str, *_: Any, **__: Any) -> list[str]:
        asked.append(name)
        return []

    monkeypatch.setattr("difflib.get_close_matches", no_match)
    refusal({f"unknown{number}": 1 for number in range(15_000)})
    assert len(asked) == 20


def test_a_name_with_a_line_break_is_no_environment() -> None:
    assert environment_of({"environment": "dev\n"}) is None
    assert environment_of({"environment": "dev"}) == "dev"


@pytest.mark.parametrize("given", [{"x" * 150_000: 1}, {"runtime": {"x" * 150_000: 1}}])
def test_a_long_name_is_cut(given: dict[str, Any]) -> None:
    assert "xxx…: unknown field, allowed: " in refusal(given)
