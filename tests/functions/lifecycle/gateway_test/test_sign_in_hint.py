"""What a call without a token is told: the header, where its document may be, and what the document must say."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import GatewayTestError
from lifecycle.gateway_test.challenge import bearer_parameters
from lifecycle.gateway_test.metadata import MetadataError, check_place
from tests.functions.lifecycle.gateway_test.fake_gateway import DOCUMENT, HOST, URL
from tests.functions.lifecycle.gateway_test.gateway_environment import Fronted
from tests.functions.lifecycle.smoke_test.fake_runtime import reply
from tests.functions.lifecycle.smoke_test.smoke_environment import error

TOLD = "A call without a token is told how to sign in"
ELSEWHERE = 'Bearer resource_metadata="https://evil.example.com/x"'


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        ("", None),
        ('Basic realm="Bearer resource_metadata=x"', None),
        ("Bearer", {}),
        ('Bearer resource_metadata="https://a/b"', {"resource_metadata": "https://a/b"}),
        ('bearer  error = "x",Resource_Metadata=u', {"error": "x", "resource_metadata": "u"}),
        ('Basic realm="a, b", Bearer resource_metadata="u"', {"resource_metadata": "u"}),
        ('Bearer a="1", Basic resource_metadata="u"', {"a": "1"}),
        ('Bearer a="", b="2"', {"a": "", "b": "2"}),
        (r'Bearer a="\"b\\"', {"a": '"b\\'}),
        ('Bearer a="1", a="2"', {"a": "1"}),
        ('Bearer a="1", Bearer b="2"', {"a": "1", "b": "2"}),
        ('Bearer a="not closed', {}),
    ],
)
def test_challenges(header: str, parameters: dict[str, str] | None) -> None:
    assert bearer_parameters(header) == parameters


@pytest.mark.parametrize(
    "url",
    [
        f"https://user@{HOST}/x",
        "https://evil.example.com/x",
        f"https://{HOST}.evil.example.com/x",
        f"http://{HOST}/x",
        f"https://{HOST}:8443/x",
        "/x",
        "file:///etc/passwd",
    ],
)
def test_a_document_elsewhere_is_not_read(url: str) -> None:
    with pytest.raises(MetadataError):
        check_place(url, URL)


def test_a_document_is_read_as_the_gateway_itself_is_called() -> None:
    check_place("http://localhost:1234/gateways/x/y", "http://localhost:1234/gateways/x")
    with pytest.raises(MetadataError, match="not the gateway's host"):
        check_place("http://localhost:80/y", "http://localhost:1234/x")


def said(fronted: Fronted) -> str:
    with pytest.raises(GatewayTestError) as caught:
        fronted.test(smokeTest={"timeoutSeconds": 5})
    text = str(caught.value)
    assert text.startswith(f"check '{TOLD}': expected 401 with WWW-Authenticate: Bearer")
    failed = fronted.record.failed_gateway_test.report["checks"][-1]
    assert (failed["name"], failed["passed"]) == (TOLD, False)
    return text


@pytest.mark.parametrize(
    ("challenge", "seen"),
    [
        (None, "401 without WWW-Authenticate: Bearer"),
        ("Basic realm=x", "401 without WWW-Authenticate: Bearer"),
        ("Bearer error=invalid_token", "without resource_metadata"),
        (ELSEWHERE, "a resource_metadata at https://evil.example.com, which is not the gateway's"),
        ('Bearer resource_metadata="http://[::1]/x"', "that is no URL of a host name"),
    ],
)
def test_a_refusal_that_tells_nothing(password: Fronted, challenge: Any, seen: str) -> None:
    password.gateway.challenge = challenge
    assert seen in said(password)
    assert not any(path == DOCUMENT for _, path, _ in password.gateway.asked)


def test_a_403_tells_nobody_how_to_sign_in(password: Fronted) -> None:
    password.gateway.always["none"] = error(403, "AccessDeniedException")
    assert "seen 403 AccessDeniedException without a token" in said(password)


def with_document(fronted: Fronted, **changes: Any) -> None:
    issuer = str(fronted.smoke.world.identity.discovery_url).removesuffix(
        "/.well-known/openid-configuration"
    )
    whole = {"resource": URL, "authorization_servers": [issuer]} | changes
    fronted.gateway.document = reply(200, whole)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"resource": f"{URL}/"},
        {"resource": f"{URL}/live/invocations"},
        {"resource": f"{URL}/mcp", "scopes_supported": []},
    ],
)
def test_documents_about_this_gateway(password: Fronted, changes: dict[str, Any]) -> None:
    with_document(password, **changes)
    assert password.test().passed


def test_the_provider_may_be_named_by_its_discovery_url(password: Fronted) -> None:
    url = password.smoke.world.identity.discovery_url
    with_document(password, authorization_servers=["https://other.example.com/", url])
    assert password.test().passed


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"resource": "https://evil.example.com"}, "the resource https://evil.example.com, not"),
        ({"resource": f"{URL}.evil.example.com"}, "not about"),
        ({"resource": None}, "the resource None"),
        ({"authorization_servers": ["https://evil.example.com"]}, "authorization_servers are"),
        ({"authorization_servers": "https://evil.example.com"}, "authorization_servers are []"),
        ({"authorization_servers": [1, None]}, "authorization_servers are [1, None]"),
    ],
)
def test_documents_about_something_else(
    password: Fronted, changes: dict[str, Any], seen: str
) -> None:
    with_document(password, **changes)
    assert seen in said(password)


@pytest.mark.parametrize(
    ("document", "seen"),
    [
        (reply(404, {}), "404 Not Found for the document"),
        ((302, {"location": "https://evil.example.com/"}, b""), "302 Found for the document"),
        ((200, {}, b"<html>"), "that is no JSON object"),
        ((200, {}, b"[" * 100_000), "that is no JSON object"),
        ((200, {}, b'["a"]'), "that is no JSON object"),
        ((200, {}, b'{"resource": "' + b"x" * 2_000_000 + b'"}'), "that is no JSON object"),
    ],
)
def test_documents_that_cannot_be_read(password: Fronted, document: Any, seen: str) -> None:
    password.gateway.document = document
    assert seen in said(password)


def test_a_document_that_comes_late_is_read(password: Fronted) -> None:
    good, handle = password.gateway.document, password.gateway.handle
    answers: list[Any] = [error(404), error(503), good]

    def late(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        return answers.pop(0) if url.endswith(DOCUMENT) else handle(method, url, headers, body)

    password.gateway.handle = late  # type: ignore[method-assign]
    assert password.test().passed
    assert answers == []


def test_a_long_text_of_the_document_is_cut(password: Fronted) -> None:
    with_document(password, resource="x" * 5000)
    assert len(said(password)) < 800
