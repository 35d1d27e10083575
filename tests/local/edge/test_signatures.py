"""Every signature is verified, and each service says in its own words what is wrong with it.

The signatures are botocore's own, and those of the examples in AWS's documentation.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import httpx
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from local.edge.credentials import Credentials, CredentialStore, Principal
from local.edge.signatures.problems import Problem, SignatureError
from local.edge.signatures.verification import verify
from tests.local.edge.world import FUNCTION, World

ARN = "arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fx-abcdefghij"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
REQUESTS: dict[str, tuple[str, str, dict[str, str], bytes]] = {
    "dynamodb": ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
    "codebuild": (
        "POST",
        "/service/CodeBuild_20161006/operation/ListProjects",
        {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"},
        b"\xa0",
    ),
    "lambda": ("POST", "/2015-03-31/functions/f%20g/invocations", {"X-Amz-Mark": "a"}, b"{}"),
    "bedrock-agentcore": (
        "POST",
        f"/runtimes/{ARN}/invocations?qualifier=DEFAULT",
        {"X-Amz-Mark": "a"},
        b"{}",
    ),
    "iam": ("POST", "/", {"Content-Type": FORM}, b"Action=ListRoles&Version=2010-05-08"),
    "s3": ("PUT", "/bucket/a%20key%2B/x?tagging", {"X-Amz-Mark": "a"}, b"hello"),
}
"""One request of each protocol, by signing name."""
JSON = ("dynamodb", "codebuild")
"""Those that answer 400 where the others have a status for each."""


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.first_seen.set()
    yield world
    world.server.stop()


@pytest.fixture(params=REQUESTS)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def signer(service: str) -> Any:
    return S3SigV4Auth if service == "s3" else SigV4Auth


def keys_of(credentials: Credentials) -> BotocoreCredentials:
    return BotocoreCredentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    )


def signed(world: World, service: str, credentials: Credentials | None = None) -> AWSRequest:
    """A request that botocore signed."""
    method, path, headers, body = REQUESTS[service]
    request = AWSRequest(method, world.url + path, headers, body)
    keys = keys_of(credentials or world.keys)
    signer(service)(keys, service, "us-east-1").add_auth(request)
    return request


def answer(request: AWSRequest, *, body: bytes | None = None, url: str | None = None) -> Any:
    return httpx.request(
        request.method,
        url or request.url,
        headers=dict(request.headers.items()),
        content=request.data if body is None else body,
        trust_env=False,
    )


def expected(service: str, s3: tuple[str, int], *, query: str, other: str) -> tuple[str, int]:
    if service == "s3":
        return s3
    if service == "iam":
        return query, 403
    return other, 400 if service in JSON else 403


def refused(world: World, answered: Any, wanted: tuple[str, int]) -> None:
    code, status = wanted
    said = answered.headers.get("x-amzn-errortype", "") + answered.text
    assert (answered.status_code, code in said) == (status, True), said
    assert world.reached == []
    (call,) = world.log.calls()
    assert (call.caller, call.status) == (None, status)


def test_a_signature_of_botocore_is_accepted(world: World, service: str) -> None:
    assert answer(signed(world, service)).status_code == 200
    (call,) = world.log.calls()
    assert call.caller == FUNCTION


MISMATCH = {"query": "SignatureDoesNotMatch", "other": "InvalidSignatureException"}
S3_MISMATCH = ("SignatureDoesNotMatch", 403)


def test_another_secret(world: World, service: str) -> None:
    forged = replace(world.keys, secret_access_key="x")
    wanted = expected(service, S3_MISMATCH, **MISMATCH)
    refused(world, answer(signed(world, service, forged)), wanted)


def test_an_altered_body(world: World, service: str) -> None:
    body = REQUESTS[service][3] + b" "
    s3 = ("XAmzContentSHA256Mismatch", 400)
    refused(world, answer(signed(world, service), body=body), expected(service, s3, **MISMATCH))


def test_an_altered_body_with_its_own_hash(world: World, service: str) -> None:
    request = signed(world, service)
    body = REQUESTS[service][3] + b" "
    del request.headers["X-Amz-Content-SHA256"]
    request.headers["X-Amz-Content-SHA256"] = botocore.auth.sha256(body).hexdigest()
    refused(world, answer(request, body=body), expected(service, S3_MISMATCH, **MISMATCH))


def test_an_altered_header(world: World, service: str) -> None:
    request = signed(world, service)
    name, value = next(iter(REQUESTS[service][2].items()))
    del request.headers[name]
    request.headers[name] = value.replace("a", "b", 1) if name == "X-Amz-Mark" else value + "; x=y"
    if name == "X-Amz-Target":
        request.headers.replace_header(name, "DynamoDB_20120810.DeleteTable")
    refused(world, answer(request), expected(service, S3_MISMATCH, **MISMATCH))


def test_a_header_of_aws_that_was_not_signed(world: World, service: str) -> None:
    request = signed(world, service)
    request.headers["X-Amz-Tagging"] = "a=b"
    s3 = ("AccessDenied", 403)
    refused(world, answer(request), expected(service, s3, **MISMATCH))


def test_an_altered_path_or_query(world: World, service: str) -> None:
    request = signed(world, service)
    answered = answer(request, url=request.url + ("&" if "?" in request.url else "?") + "x=y")
    refused(world, answered, expected(service, S3_MISMATCH, **MISMATCH))


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_another_time(
    world: World, service: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, seconds)
    s3 = ("RequestTimeTooSkewed", 403)
    answered = answer(signed(world, service))
    refused(world, answered, expected(service, s3, **MISMATCH))
    if service == "dynamodb":
        words = "Signature expired" if seconds < 0 else "Signature not yet current"
        assert words in answered.json()["message"]


@pytest.mark.parametrize(
    ("service", "seconds", "good"),
    [("dynamodb", 280, True), ("dynamodb", 320, False), ("s3", 880, True), ("s3", 920, False)],
    ids=str,
)
def test_how_far_clocks_may_differ(
    world: World, service: str, seconds: int, good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, -seconds)
    assert (answer(signed(world, service)).status_code == 200) is good


def at(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let botocore sign at another time."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: moment)


def test_a_scope_of_another_day(world: World, service: str) -> None:
    request = signed(world, service)
    header = request.headers["Authorization"]
    day = header.partition("Credential=")[2].split("/")[1]
    request.headers.replace_header("Authorization", header.replace(f"/{day}/", "/20200101/"))
    s3 = ("AuthorizationHeaderMalformed", 400)
    refused(world, answer(request), expected(service, s3, **MISMATCH))


def test_an_unknown_key(world: World, service: str) -> None:
    stranger = CredentialStore().issue(FUNCTION)
    answered = answer(signed(world, service, stranger))
    code = {"s3": "InvalidAccessKeyId", "iam": "InvalidClientTokenId"}
    refused(world, answered, (code.get(service, "UnrecognizedClientException"), 403))


@pytest.mark.parametrize("token", [None, "", "another"], ids=str)
def test_another_security_token(world: World, service: str, token: str | None) -> None:
    other = replace(world.keys, session_token=token)
    code = {"s3": ("InvalidToken", 400), "iam": ("InvalidClientTokenId", 403)}
    answered = answer(signed(world, service, other))
    refused(world, answered, code.get(service, ("UnrecognizedClientException", 403)))


def test_a_token_for_a_key_that_has_none(world: World) -> None:
    root = world.store.issue(Principal("root", None, "root"))
    answered = answer(signed(world, "dynamodb", replace(root, session_token="x")))
    refused(world, answered, ("UnrecognizedClientException", 403))


def test_an_expired_token(world: World, service: str) -> None:
    expired = world.store.issue(FUNCTION, seconds=-1)
    wanted = expected(
        service, ("ExpiredToken", 400), query="ExpiredToken", other="ExpiredTokenException"
    )
    refused(world, answer(signed(world, service, expired)), wanted)


def test_a_token_that_expires_later(world: World) -> None:
    later = world.store.issue(FUNCTION, seconds=60)
    assert answer(signed(world, "dynamodb", later)).status_code == 200


def test_half_a_header(world: World, service: str) -> None:
    request = signed(world, service)
    header = request.headers["Authorization"].partition(", Signature")[0]
    request.headers.replace_header("Authorization", header)
    wanted = {
        "s3": ("AuthorizationHeaderMalformed", 400),
        "iam": ("IncompleteSignature", 400),
        "dynamodb": ("IncompleteSignatureException", 400),
        "codebuild": ("IncompleteSignatureException", 400),
    }.get(service, ("IncompleteSignatureException", 403))
    refused(world, answer(request), wanted)


def test_only_some_bodies_need_no_signature(world: World) -> None:
    for service, path, status in (("s3", "/bucket/key", 200), ("lambda", "/f", 403)):
        given = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
        request = AWSRequest("PUT", world.url + path, given, b"hello")
        SigV4Auth(keys_of(world.keys), service, "us-east-1").add_auth(request)
        assert answer(request, body=b"another").status_code == status


# --- presigned URLs ---


def presigned(world: World, seconds: int = 60, **config: Any) -> str:
    client = world.client("s3", signature_version="s3v4", **config)
    return str(
        client.generate_presigned_url(
            "get_object", {"Bucket": "there", "Key": "a key.html"}, ExpiresIn=seconds
        )
    )


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_a_presigned_url(world: World, style: str) -> None:
    url = httpx.URL(presigned(world, s3={"addressing_style": style}))
    # Not every resolver knows the names below localhost.
    headers = {"Host": f"{url.host}:{url.port}"}
    found = httpx.get(url.copy_with(host="localhost"), headers=headers, trust_env=False)
    assert found.status_code == 200
    (call,) = world.log.calls()
    assert (call.operation, call.caller) == ("GetObject", FUNCTION)


@pytest.mark.parametrize(
    ("old", "new", "code", "status"),
    [
        ("a%20key", "another", "SignatureDoesNotMatch", 403),
        ("X-Amz-Expires=60", "X-Amz-Expires=600", "SignatureDoesNotMatch", 403),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", "AuthorizationQueryParametersError", 400),
        ("X-Amz-Security-Token=", "X-Amz-Security-Token=x", "InvalidToken", 400),
        ("&X-Amz-Signature=", "&Other=", "AuthorizationQueryParametersError", 400),
        ("X-Amz-Algorithm=AWS4-HMAC", "X-Amz-Algorithm=AWS4-X", "AuthorizationQuery", 400),
    ],
)
def test_an_altered_presigned_url(world: World, old: str, new: str, code: str, status: int) -> None:
    url = presigned(world)
    assert old in url
    refused(world, httpx.get(url.replace(old, new), trust_env=False), (code, status))


def test_a_presigned_url_that_has_expired(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, -61)
    refused(world, httpx.get(presigned(world), trust_env=False), ("AccessDenied", 403))


def test_a_presigned_url_and_a_signature_in_the_header(world: World) -> None:
    answered = httpx.get(
        presigned(world), headers={"Authorization": "AWS4-HMAC-SHA256 x"}, trust_env=False
    )
    refused(world, answered, ("InvalidArgument", 400))


def test_a_presigned_call_of_another_service(world: World) -> None:
    request = AWSRequest(
        "GET", f"{world.url}/?Action=GetCallerIdentity&Version=2011-06-15", {}, b""
    )
    SigV4QueryAuth(keys_of(world.keys), "sts", "us-east-1").add_auth(request)
    assert httpx.get(request.url, trust_env=False).status_code == 200
    altered = request.url.replace("GetCallerIdentity", "GetSessionToken")
    answered = httpx.get(altered, trust_env=False)
    assert answered.status_code == 403
    assert "SignatureDoesNotMatch" in answered.text


# --- uploads in chunks ---


def upload(world: World, **altered: Any) -> Any:
    """Upload in unsigned chunks with a checksum behind them, as SDKs do over HTTPS."""
    checksum = b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": altered.get("length", "5"),
        "X-Amz-Trailer": altered.get("promised", "x-amz-checksum-crc32"),
    }
    request = AWSRequest("PUT", f"{world.url}/bucket/key", headers)
    SigV4Auth(keys_of(world.keys), "s3", "us-east-1").add_auth(request)
    trailer = f"x-amz-checksum-crc32:{altered.get('checksum', checksum)}\r\n\r\n"
    content = altered.get("content", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n")
    return answer(request, body=content + trailer.encode())


def test_an_upload_in_chunks(world: World) -> None:
    assert upload(world).status_code == 200


@pytest.mark.parametrize(
    ("altered", "code"),
    [
        ({"content": b"3\r\nhel\r\n2\r\nla\r\n0\r\n"}, "BadDigest"),
        ({"checksum": "AAAAAA=="}, "BadDigest"),
        ({"length": "6"}, "IncompleteBody"),
        ({"promised": "x-amz-checksum-sha1"}, "IncompleteBody"),
        ({"content": b"5\r\nhello"}, "IncompleteBody"),
        ({"content": b"-5\r\nhello\r\n0\r\n"}, "IncompleteBody"),
        ({"content": b"ffffffffffffffff\r\nhello\r\n0\r\n"}, "IncompleteBody"),
    ],
    ids=str,
)
def test_an_altered_upload_in_chunks(world: World, altered: dict[str, Any], code: str) -> None:
    refused(world, upload(world, **altered), (code, 400))


# --- the examples of AWS's documentation ---

EXAMPLE = Credentials(
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, FUNCTION
)
EXAMPLE_TIME = datetime(2013, 5, 24, tzinfo=UTC).timestamp()
CHUNK_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)


def example(method: str, path: str, signature: str, **headers: str) -> Request:
    """A request of S3's documentation, "Authenticating requests (AWS Signature Version 4)"."""
    environ = EnvironBuilder(method=method, base_url="https://example.com/").get_environ()
    environ["RAW_URI"], environ["QUERY_STRING"] = path, path.partition("?")[2]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if signature:
        given["x-amz-date"] = "20130524T000000Z"
        names = ";".join(sorted(name.lower() for name in given))
        given["Authorization"] = (
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            f"SignedHeaders={names},Signature={signature}"
        )
    for name, value in given.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_LENGTH" else f"HTTP_{key}"] = value
    return Request(environ)


def verified(request: Request, body: bytes = b"") -> Credentials:
    store = CredentialStore()
    store.add(EXAMPLE)
    return verify(request, body, store, clock=lambda: EXAMPLE_TIME)


def test_the_documented_request() -> None:
    request = example(
        "GET",
        "/test.txt",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        host="examplebucket.s3.amazonaws.com",
        range="bytes=0-9",
        x_amz_content_sha256=botocore.auth.EMPTY_SHA256_HASH,
    )
    assert verified(request) is EXAMPLE


def test_the_documented_presigned_url() -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    request = example("GET", f"/test.txt?{query}", "", host="examplebucket.s3.amazonaws.com")
    assert verified(request) is EXAMPLE


def documented_upload(data: tuple[bytes, ...]) -> tuple[Request, bytes]:
    request = example(
        "PUT",
        "/examplebucket/chunkObject.txt",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        host="s3.amazonaws.com",
        x_amz_storage_class="REDUCED_REDUNDANCY",
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        content_encoding="aws-chunked",
        x_amz_decoded_content_length="66560",
        content_length="66824",
    )
    chunks = (
        b"%x;chunk-signature=%s\r\n%s\r\n" % (len(part), signature.encode(), part)
        for part, signature in zip(data, CHUNK_SIGNATURES, strict=True)
    )
    return request, b"".join(chunks)


def test_the_documented_upload_in_signed_chunks() -> None:
    request, body = documented_upload((b"a" * 65536, b"a" * 1024, b""))
    assert verified(request, body) is EXAMPLE


@pytest.mark.parametrize("number", [0, 1])
def test_one_byte_of_a_signed_chunk(number: int) -> None:
    data = [b"a" * 65536, b"a" * 1024, b""]
    data[number] = b"b" + data[number][1:]
    request, body = documented_upload(tuple(data))
    with pytest.raises(SignatureError) as caught:
        verified(request, body)
    assert caught.value.problem is Problem.MISMATCH


def test_keys_tell_no_secret_when_printed() -> None:
    assert EXAMPLE.secret_access_key not in repr(EXAMPLE)
    assert EXAMPLE.environment()["AWS_SECRET_ACCESS_KEY"] == EXAMPLE.secret_access_key
