"""Signatures made by botocore itself are accepted; anything altered is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from local.edge import sigv4
from local.edge.credentials import Credentials, CredentialStore, Principal

ARN = "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fx-abcdefghij"
URL = f"http://localhost:4566/runtimes/{ARN}/invocations?qualifier=DEFAULT"
FUNCTION = Principal("SmokeTestFunction", "arn:aws:iam::123456789012:role/smoke", "function")


@pytest.fixture
def store() -> CredentialStore:
    return CredentialStore()


def signed(
    credentials: Credentials, *, url: str = URL, body: bytes = b'{"prompt": "hi"}'
) -> dict[str, str]:
    request = AWSRequest(method="POST", url=url, data=body, headers={"Content-Type": "text/plain"})
    SigV4Auth(
        BotocoreCredentials(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token
        ),
        "bedrock-agentcore",
        "us-east-1",
    ).add_auth(request)
    return dict(request.headers.items())


def arrived(headers: Mapping[str, str], url: str = URL) -> Request:
    environ = EnvironBuilder(method="POST", base_url="http://localhost:4566/").get_environ()
    path = url.removeprefix("http://localhost:4566")
    environ["RAW_URI"] = path
    environ["QUERY_STRING"] = path.partition("?")[2]
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return Request(environ)


def code_of(request: Request, body: bytes, store: CredentialStore) -> str:
    with pytest.raises(sigv4.SignatureError) as caught:
        sigv4.verify(request, body, store)
    return caught.value.code


def test_a_signature_of_botocore_is_accepted(store: CredentialStore) -> None:
    credentials = store.issue(FUNCTION)
    request = arrived(signed(credentials))
    assert sigv4.verify(request, b'{"prompt": "hi"}', store).principal == FUNCTION


def test_the_scope_is_read_without_checking(store: CredentialStore) -> None:
    credentials = store.issue(FUNCTION)
    scope = sigv4.scope_of(arrived(signed(credentials)))
    assert scope == sigv4.Scope(credentials.access_key_id, "us-east-1", "bedrock-agentcore")


def test_another_body_path_or_secret_is_refused(store: CredentialStore) -> None:
    credentials = store.issue(FUNCTION)
    headers = signed(credentials)
    assert code_of(arrived(headers), b"other", store) == "InvalidSignatureException"
    moved = arrived(headers, URL.replace("DEFAULT", "live"))
    assert code_of(moved, b'{"prompt": "hi"}', store) == "InvalidSignatureException"
    forged = Credentials(credentials.access_key_id, "x", credentials.session_token, FUNCTION)
    assert code_of(arrived(signed(forged)), b'{"prompt": "hi"}', store) == (
        "InvalidSignatureException"
    )


def test_an_unknown_key_and_a_missing_token_are_refused(store: CredentialStore) -> None:
    stranger = CredentialStore().issue(FUNCTION)
    assert code_of(arrived(signed(stranger)), b"", store) == "UnrecognizedClientException"
    known = store.issue(FUNCTION)
    headers = signed(known)
    del headers["X-Amz-Security-Token"]
    assert code_of(arrived(headers), b"", store) == "UnrecognizedClientException"


def test_no_header_and_half_a_header_are_told_apart(store: CredentialStore) -> None:
    assert code_of(arrived({}), b"", store) == "MissingAuthenticationTokenException"
    half = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"}
    assert code_of(arrived(half), b"", store) == "IncompleteSignatureException"


def test_an_old_signature_is_refused(store: CredentialStore) -> None:
    headers = signed(store.issue(FUNCTION))
    headers["X-Amz-Date"] = "20200101T000000Z"
    assert code_of(arrived(headers), b"", store) == "InvalidSignatureException"


def test_keys_tell_no_secret_when_printed(store: CredentialStore) -> None:
    credentials = store.issue(FUNCTION)
    assert credentials.secret_access_key not in repr(credentials)
    assert credentials.environment()["AWS_SECRET_ACCESS_KEY"] == credentials.secret_access_key
    assert store.find(credentials.access_key_id) is credentials
