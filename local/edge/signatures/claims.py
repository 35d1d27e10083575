"""What a request says about its own signature, in its `Authorization` header or in its query string (presigned)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.auth import SIGV4_TIMESTAMP

from local.edge.signatures.problems import Problem, SignatureError

if TYPE_CHECKING:
    from werkzeug import Request

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_EXPIRES_SECONDS = 7 * 24 * 3600
"""How long a presigned URL can last (S3 API reference, `X-Amz-Expires`)."""

_PART = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SECONDS = re.compile(r"\d{1,6}", re.ASCII)
_TERMINATOR = "aws4_request"


@dataclass(frozen=True)
class Scope:
    """Whom and what a signature is for.

    Attributes:
        access_key_id: The key it claims to be signed with.
        date: Its day, such as `20261126`.
        region: Region of the credential scope.
        service: Signing name of the credential scope, such as `states`.
    """

    access_key_id: str
    date: str
    region: str
    service: str


@dataclass(frozen=True)
class Claim:
    """A whole signature.

    Attributes:
        scope: Whom and what it is for.
        timestamp: When it was made, such as `20261126T120000Z`.
        headers: The names of the headers that it covers, in lower case.
        signature: It, in hexadecimal digits.
        token: The security token that was sent with it; `None` without one.
        expires: How many seconds a presigned URL lasts; `None` for a signature in a header.
    """

    scope: Scope
    timestamp: str
    headers: tuple[str, ...]
    signature: str
    token: str | None
    expires: int | None

    @property
    def presigned(self) -> bool:
        """Whether it stands in the query string."""
        return self.expires is not None


def scope_of(request: Request) -> Scope | None:
    """Read the credential scope from header or query string; nothing is verified.

    Returns:
        The scope, or `None` if the request carries no SigV4 signature.
    """
    header = request.headers.get("Authorization", "")
    if header.startswith(ALGORITHM):
        found = re.search(r"Credential=([^,\s]+)", header)
        return _scope(found.group(1) if found else "")
    return _scope(request.args.get("X-Amz-Credential", ""))


def claims_signature(request: Request) -> bool:
    """Say whether a request means to be signed with SigV4, also if it is not rightly."""
    return _in_header(request) or "X-Amz-Credential" in request.args


def claim_of(request: Request) -> Claim:
    """Read a request's signature; nothing is verified.

    Raises:
        SignatureError: It is incomplete.
    """
    return _header_claim(request) if _in_header(request) else _query_claim(request)


def raw_target(request: Request) -> str:
    """Return path and query string as they were sent, still percent-encoded."""
    raw = request.environ.get("RAW_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw
    # Only werkzeug's server tells the raw target; its test client does not.
    query = request.query_string.decode("latin-1")
    return quote(request.path, safe="/~") + (f"?{query}" if query else "")


def _in_header(request: Request) -> bool:
    return request.headers.get("Authorization", "").startswith(ALGORITHM)


def _header_claim(request: Request) -> Claim:
    header = request.headers["Authorization"].removeprefix(ALGORITHM)
    found = (_PART.fullmatch(part) for part in header.split(","))
    parts = {match.group(1): match.group(2) for match in found if match}
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if name not in parts]
    if missing:
        needed = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise SignatureError(Problem.INCOMPLETE, needed)
    return Claim(
        scope=_whole_scope(parts["Credential"], Problem.INCOMPLETE),
        timestamp=_timestamp(request),
        headers=tuple(parts["SignedHeaders"].lower().split(";")),
        signature=parts["Signature"],
        token=request.headers.get("X-Amz-Security-Token"),
        expires=None,
    )


def _query_claim(request: Request) -> Claim:
    query = request.args
    needed = ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires")
    if any(f"X-Amz-{name}" not in query for name in needed):
        listed = ", ".join(f"X-Amz-{name}" for name in needed)
        message = f"Query-string authentication version 4 requires the {listed} parameters."
        raise SignatureError(Problem.INCOMPLETE_QUERY, message)
    if query["X-Amz-Algorithm"] != ALGORITHM:
        message = f'X-Amz-Algorithm only supports "{ALGORITHM}"'
        raise SignatureError(Problem.INCOMPLETE_QUERY, message)
    timestamp, expires = query["X-Amz-Date"], query["X-Amz-Expires"]
    if not _TIMESTAMP.fullmatch(timestamp):
        message = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        raise SignatureError(Problem.INCOMPLETE_QUERY, message)
    if not _SECONDS.fullmatch(expires) or int(expires) > MAX_EXPIRES_SECONDS:
        message = f"X-Amz-Expires must be a number from 0 to {MAX_EXPIRES_SECONDS} seconds"
        raise SignatureError(Problem.INCOMPLETE_QUERY, message)
    return Claim(
        scope=_whole_scope(query["X-Amz-Credential"], Problem.INCOMPLETE_QUERY),
        timestamp=timestamp,
        headers=tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
        signature=query["X-Amz-Signature"],
        token=query.get("X-Amz-Security-Token") or request.headers.get("X-Amz-Security-Token"),
        expires=int(expires),
    )


def _timestamp(request: Request) -> str:
    """Return when a request was signed: `X-Amz-Date`, else `Date` (Signature Version 4, "Date")."""
    own = request.headers.get("X-Amz-Date")
    if own is not None:
        if not _TIMESTAMP.fullmatch(own):
            message = f"Date must be in ISO-8601 'basic format'. Got '{own}'."
            raise SignatureError(Problem.INCOMPLETE, message)
        return own
    try:
        return parsedate_to_datetime(request.headers["Date"]).strftime(SIGV4_TIMESTAMP)
    except (KeyError, ValueError) as error:
        message = (
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
        raise SignatureError(Problem.INCOMPLETE, message) from error


def _scope(credential: str) -> Scope | None:
    # An access key never holds a slash; date, region, service and terminator follow it.
    parts = credential.split("/")
    if len(parts) != 5:
        return None
    return Scope(access_key_id=parts[0], date=parts[1], region=parts[2], service=parts[3])


def _whole_scope(credential: str, problem: Problem) -> Scope:
    scope = _scope(credential)
    if scope is None or not credential.endswith(f"/{_TERMINATOR}"):
        message = (
            "Credential must have exactly 5 slash-delimited elements, such as "
            f"keyid/date/region/service/{_TERMINATOR}."
        )
        raise SignatureError(problem, message)
    return scope
