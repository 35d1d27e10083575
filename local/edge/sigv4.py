"""Check the SigV4 signature of a request, by signing it again with botocore."""

from __future__ import annotations

import calendar
import hmac
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotocoreCredentials

from local.edge.credentials import Credentials, CredentialStore

if TYPE_CHECKING:
    from werkzeug import Request

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 300
"""A signature is good for five minutes (AWS Signature Version 4 reference)."""

_HEADER = re.compile(
    r"^AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-f]+)$"
)


class SignatureError(Exception):
    """A request is not signed, or not rightly.

    Attributes:
        code: The service's error code, such as `InvalidSignatureException`.
        message: What is wrong; never holds a secret or the expected signature.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Scope:
    """What a request says about its own signature.

    Attributes:
        access_key_id: The key it claims to be signed with.
        region: Region of the credential scope.
        service: Signing name of the credential scope, such as `states`.
    """

    access_key_id: str
    region: str
    service: str


def scope_of(request: Request) -> Scope | None:
    """Read the credential scope from header or query string (presigned); nothing is verified.

    Returns:
        The scope, or `None` if the request carries no SigV4 signature.
    """
    header = request.headers.get("Authorization", "")
    if header.startswith(ALGORITHM):
        found = re.search(r"Credential=([^,\s]+)", header)
        credential = found.group(1) if found else ""
    else:
        credential = request.args.get("X-Amz-Credential", "")
    # An access key never holds a slash; date, region, service and terminator follow it.
    parts = credential.split("/")
    if len(parts) != 5:
        return None
    return Scope(access_key_id=parts[0], region=parts[2], service=parts[3])


def verify(request: Request, body: bytes, store: CredentialStore) -> Credentials:
    """Check that a request was signed by one of the store's keys.

    Args:
        request: The request as it arrived.
        body: Its whole body.
        store: The access keys that exist.

    Returns:
        The credentials that signed the request.

    Raises:
        SignatureError: With the codes of the AWS API's common errors:
            `MissingAuthenticationTokenException`, `IncompleteSignatureException`,
            `UnrecognizedClientException`, `InvalidSignatureException`.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        raise SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token")
    found = _HEADER.match(header)
    scope = scope_of(request)
    timestamp = request.headers.get("X-Amz-Date", "")
    if found is None or scope is None or not timestamp:
        raise SignatureError(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' "
            "parameters and a date.",
        )
    credentials = store.find(scope.access_key_id)
    if credentials is None:
        raise SignatureError(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    if credentials.session_token is not None and not hmac.compare_digest(
        request.headers.get("X-Amz-Security-Token", "").encode(),
        credentials.session_token.encode(),
    ):
        raise SignatureError(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    _check_time(timestamp)
    expected = _sign_again(
        request, body, credentials, scope, timestamp, found.group("headers").split(";")
    )
    if not hmac.compare_digest(expected, found.group("signature")):
        raise SignatureError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method.",
        )
    return credentials


def _check_time(timestamp: str) -> None:
    try:
        signed_at = calendar.timegm(time.strptime(timestamp, SIGV4_TIMESTAMP))
    except ValueError as error:
        raise SignatureError(
            "IncompleteSignatureException", "Date must be in ISO-8601 'basic format'."
        ) from error
    if abs(time.time() - signed_at) > MAX_SKEW_SECONDS:
        raise SignatureError(
            "InvalidSignatureException", f"Signature expired or not yet current: {timestamp}"
        )


def _sign_again(
    request: Request,
    body: bytes,
    credentials: Credentials,
    scope: Scope,
    timestamp: str,
    signed_headers: list[str],
) -> str:
    """Return the signature the request would have if `credentials` had signed it."""
    signed = AWSRequest(
        method=request.method,
        url=f"{request.scheme}://{request.host}{raw_target(request)}",
        data=body,
        headers={name: request.headers.get(name, "") for name in signed_headers},
    )
    signed.context["timestamp"] = timestamp
    # A client may sign a text in place of the body's hash ("UNSIGNED-PAYLOAD"): that text counts.
    claimed = request.headers.get("X-Amz-Content-SHA256")
    if claimed is not None and "X-Amz-Content-SHA256" not in signed.headers:
        signed.headers["X-Amz-Content-SHA256"] = claimed
    signer = _Resigner(
        BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key),
        scope.service,
        scope.region,
        signed_headers,
    )
    return signer.again(signed)


class _Resigner(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, told which headers the client had signed."""

    def __init__(
        self, credentials: BotocoreCredentials, service: str, region: str, signed: list[str]
    ) -> None:
        super().__init__(credentials, service, region)
        self._signed = signed

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        chosen = HTTPHeaders()
        for name in self._signed:
            chosen[name.lower()] = request.headers[name]
        return chosen

    def _normalize_url_path(self, path: str) -> str:
        # S3 alone signs its path as it is (Signature Version 4 reference, canonical URI).
        return path if self._service_name == "s3" else str(super()._normalize_url_path(path))

    def again(self, request: AWSRequest) -> str:
        canonical = self.canonical_request(request)
        return str(self.signature(self.string_to_sign(request, canonical), request))


def raw_target(request: Request) -> str:
    """Return path and query string as they were sent, still percent-encoded."""
    raw = request.environ.get("RAW_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw
    # Only werkzeug's server tells the raw target; its test client does not.
    query = request.query_string.decode("latin-1")
    return quote(request.path, safe="/~") + (f"?{query}" if query else "")
