"""Check the SigV4 signature of a request, by signing it again with botocore."""

from __future__ import annotations

import calendar
import hmac
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotocoreCredentials

from local.edge.credentials import Credentials, CredentialStore
from local.edge.signatures.claims import Claim, claim_of, claims_signature, raw_target
from local.edge.signatures.payload import check_chunks, hash_of, s3_hash_of
from local.edge.signatures.problems import Problem, SignatureError

if TYPE_CHECKING:
    from werkzeug import Request

MAX_SKEW_SECONDS = 300
"""A signature is good for five minutes (IAM User Guide, "Elements of an AWS API request signature")."""
MAX_SKEW_SECONDS_S3 = 900
"""For S3, for fifteen (S3 API reference, "Error responses", `RequestTimeTooSkewed`)."""


def verify(
    request: Request,
    body: bytes,
    store: CredentialStore,
    *,
    unsigned_body: bool = False,
    clock: Callable[[], float] = time.time,
) -> Credentials:
    """Check that a request was signed by one of the store's keys.

    Args:
        request: The request as it arrived.
        body: Its whole body.
        store: The access keys that exist.
        unsigned_body: Whether the operation's model says that its body needs no signature.
        clock: Gives the time.

    Returns:
        The credentials that signed the request.

    Raises:
        SignatureError: It is not signed, or not rightly.
    """
    if not claims_signature(request):
        raise SignatureError(_unsigned_problem(request))
    if request.headers.get("Authorization") and "X-Amz-Credential" in request.args:
        raise SignatureError(Problem.TWO_SIGNATURES)
    claim = claim_of(request)
    credentials = _credentials(claim, store, clock())
    _check_time(claim, clock())
    _check_headers(request, claim)
    s3 = claim.scope.service == "s3"
    covered = (
        s3_hash_of(request, body, claim)
        if s3
        else hash_of(request, body, claim, may_be_unsigned=unsigned_body)
    )
    signer = _Resigner(credentials, claim, covered)
    if not hmac.compare_digest(signer.again(request), claim.signature):
        raise SignatureError(Problem.MISMATCH)
    if s3:
        check_chunks(request, body, claim, signer.sign)
    return credentials


def _unsigned_problem(request: Request) -> Problem:
    old_header = request.headers.get("Authorization", "").startswith("AWS ")
    old_query = {"AWSAccessKeyId", "Signature", "Expires"} <= set(request.args)
    return Problem.OLD_VERSION if old_header or old_query else Problem.UNSIGNED


def _credentials(claim: Claim, store: CredentialStore, now: float) -> Credentials:
    credentials = store.find(claim.scope.access_key_id)
    if credentials is None:
        raise SignatureError(Problem.UNKNOWN_KEY)
    given, token = claim.token, credentials.session_token
    if (given is None) is not (token is None) or not hmac.compare_digest(
        (given or "").encode(), (token or "").encode()
    ):
        raise SignatureError(Problem.WRONG_TOKEN)
    if credentials.expires_at is not None and credentials.expires_at <= now:
        raise SignatureError(Problem.EXPIRED_TOKEN)
    return credentials


def _check_time(claim: Claim, now: float) -> None:
    if not claim.timestamp.startswith(claim.scope.date):
        message = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.scope.date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'."
        )
        raise SignatureError(Problem.SCOPE, message)
    try:
        signed_at = calendar.timegm(time.strptime(claim.timestamp, SIGV4_TIMESTAMP))
    except ValueError as error:
        message = f"Date must be in ISO-8601 'basic format'. Got '{claim.timestamp}'."
        raise SignatureError(Problem.INCOMPLETE, message) from error
    skew = MAX_SKEW_SECONDS_S3 if claim.scope.service == "s3" else MAX_SKEW_SECONDS
    oldest = now - (skew if claim.expires is None else claim.expires)
    if signed_at < oldest:
        message = f"Signature expired: {claim.timestamp} is now earlier than {_written(oldest)}"
        raise SignatureError(Problem.EXPIRED_URL if claim.presigned else Problem.SKEWED, message)
    if signed_at > now + skew:
        message = (
            f"Signature not yet current: {claim.timestamp} is still later than "
            f"{_written(now + skew)} ({_written(now)} + {skew // 60} min.)"
        )
        raise SignatureError(Problem.SKEWED, message)


def _written(moment: float) -> str:
    return time.strftime(SIGV4_TIMESTAMP, time.gmtime(moment))


def _check_headers(request: Request, claim: Claim) -> None:
    """Check that host and all of AWS's own headers are covered (IAM User Guide, "Create a signed AWS API request")."""
    own = {name.lower() for name in request.headers.keys() if name.lower().startswith("x-amz-")}  # noqa: SIM118
    for name in ("host", *sorted(own)):
        if name not in claim.headers:
            message = f"'{name.title()}' must be a 'SignedHeader' in the AWS Authorization."
            raise SignatureError(Problem.UNSIGNED_HEADER, message)


class _Resigner(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, told what the client had signed.

    Args:
        credentials: Whose secret signs.
        claim: The client's signature.
        covered: What stands for the body.
    """

    def __init__(self, credentials: Credentials, claim: Claim, covered: str) -> None:
        keys = BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key)
        super().__init__(keys, claim.scope.service, claim.scope.region)
        self._claim, self._covered = claim, covered
        self._headers = HTTPHeaders()
        self._sent = AWSRequest()
        self._sent.context["timestamp"] = claim.timestamp

    def again(self, request: Request) -> str:
        """Return the signature that the request would have by these credentials."""
        self._sent.method = request.method
        self._sent.url = f"{request.scheme}://{request.host}{raw_target(request)}"
        for name in self._claim.headers:
            # Bytes that are not UTF-8 cannot have been signed: a signer takes text.
            value = request.headers.get(name, "").encode("latin-1").decode("utf-8", "replace")
            self._headers[name] = value
        return self.sign(self.string_to_sign(self._sent, self.canonical_request(self._sent)))

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        return str(self.signature(text, self._sent))

    def headers_to_sign(self, _request: AWSRequest) -> HTTPHeaders:
        return self._headers

    def payload(self, _request: AWSRequest) -> str:
        return self._covered

    def canonical_query_string(self, request: AWSRequest) -> str:
        query = request.url.partition("?")[2]
        pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
        written = sorted((_encoded(name), _encoded(value)) for name, value in pairs)
        return "&".join(f"{n}={v}" for n, v in written if n != "X-Amz-Signature")

    def _normalize_url_path(self, path: str) -> str:
        # S3 alone signs its path as it is (Signature Version 4 reference, canonical URI).
        if self._service_name == "s3":
            return _encoded(path, also="/")
        return str(super()._normalize_url_path(path))


def _encoded(text: str, also: str = "") -> str:
    """Return a part of a URL in the one way of writing it that counts for a signature."""
    return quote(unquote_to_bytes(text), safe=f"-_.~{also}")
