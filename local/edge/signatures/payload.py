"""How a signature covers the body: by its hash, not at all, or chunk by chunk as S3 takes uploads.

S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

from botocore.auth import EMPTY_SHA256_HASH
from botocore.httpchecksum import Crc32Checksum, Sha1Checksum, Sha256Checksum

from local.edge.signatures.claims import Claim
from local.edge.signatures.problems import Problem, SignatureError

if TYPE_CHECKING:
    from werkzeug import Request

Sign = Callable[[str], str]
"""Signs a text with the key of a request's scope."""

_UNSIGNED = "UNSIGNED-PAYLOAD"
_HASH = re.compile(r"[0-9a-f]{64}")
_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SIGNED_CHUNKS = (
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_CHECKSUMS = {
    "x-amz-checksum-crc32": Crc32Checksum,
    "x-amz-checksum-sha1": Sha1Checksum,
    "x-amz-checksum-sha256": Sha256Checksum,
}


def hash_of(request: Request, body: bytes, claim: Claim, *, may_be_unsigned: bool) -> str:
    """Return what stands for the body in the text that a service other than S3 signs.

    Args:
        request: The request.
        body: Its whole body.
        claim: Its signature.
        may_be_unsigned: Whether the operation's model says that the body needs no signature.
    """
    if may_be_unsigned and _claimed(request, claim) == _UNSIGNED:
        return _UNSIGNED
    return sha256(body).hexdigest()


def s3_hash_of(request: Request, body: bytes, claim: Claim) -> str:
    """Return what stands for the body in the text that S3 signs.

    Raises:
        SignatureError: The request does not say it, or it is not the body's.
    """
    claimed = _claimed(request, claim)
    if claimed is None:
        if claim.presigned:
            return _UNSIGNED
        raise SignatureError(Problem.PAYLOAD_MISSING)
    if claimed in (_UNSIGNED, _UNSIGNED_CHUNKS, *_SIGNED_CHUNKS):
        return claimed
    if not _HASH.fullmatch(claimed):
        raise SignatureError(Problem.PAYLOAD_FORM)
    if claimed != sha256(body).hexdigest():
        raise SignatureError(Problem.PAYLOAD_MISMATCH)
    return claimed


def check_chunks(request: Request, body: bytes, claim: Claim, sign: Sign) -> None:
    """Check the chunks of an upload to S3, each signature and the checksum after the last.

    Args:
        request: The request; its own signature is right.
        body: Its whole body.
        claim: Its signature, on which that of the first chunk builds.
        sign: Signs a text with the key of its scope.

    Raises:
        SignatureError: A chunk is broken, or not what was signed.
    """
    form = _claimed(request, claim)
    if form not in (_UNSIGNED_CHUNKS, *_SIGNED_CHUNKS):
        return
    chunks, trailer = _split(body)
    content = b"".join(data for _, data in chunks)
    if request.headers.get("X-Amz-Decoded-Content-Length") != str(len(content)):
        raise SignatureError(Problem.PAYLOAD_BROKEN)
    lines = dict(_trailer_line(line) for line in trailer.splitlines() if line)
    trailer_signature = lines.pop("x-amz-trailer-signature", None)
    promised = {
        n.strip().lower() for n in request.headers.get("X-Amz-Trailer", "").split(",") if n.strip()
    }
    if set(lines) != promised:
        raise SignatureError(Problem.PAYLOAD_BROKEN)
    if form != _UNSIGNED_CHUNKS:
        last = _check_chain(chunks, claim, sign)
        if lines:
            text = "".join(f"{name}:{value}\n" for name, value in lines.items())
            _check_one(
                "AWS4-HMAC-SHA256-TRAILER",
                claim,
                (last, _hex(text.encode())),
                trailer_signature,
                sign,
            )
    _check_sums(content, lines)


def _claimed(request: Request, claim: Claim) -> str | None:
    own = request.headers.get("X-Amz-Content-SHA256")
    if own is not None or not claim.presigned:
        return own
    named = {name.lower(): value for name, value in request.args.items()}
    return named.get("x-amz-content-sha256")


def _split(body: bytes) -> tuple[list[tuple[str | None, bytes]], bytes]:
    """Return each chunk with its signature, the empty last one too, and what follows it."""
    chunks: list[tuple[str | None, bytes]] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at)
        head = _CHUNK.fullmatch(body, at, end) if end >= 0 else None
        if head is None:
            raise SignatureError(Problem.PAYLOAD_BROKEN)
        size, begin = int(head.group(1), 16), end + 2
        signature = head.group(2).decode() if head.group(2) else None
        chunks.append((signature, body[begin : begin + size]))
        if size == 0:
            return chunks, body[begin:]
        at = begin + size + 2
        if body[at - 2 : at] != b"\r\n":
            raise SignatureError(Problem.PAYLOAD_BROKEN)


def _trailer_line(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon:
        raise SignatureError(Problem.PAYLOAD_BROKEN)
    return name.strip().lower(), value.strip()


def _check_chain(chunks: list[tuple[str | None, bytes]], claim: Claim, sign: Sign) -> str:
    last = claim.signature
    for signature, data in chunks:
        covered = (last, EMPTY_SHA256_HASH, _hex(data))
        last = _check_one("AWS4-HMAC-SHA256-PAYLOAD", claim, covered, signature, sign)
    return last


def _check_one(
    algorithm: str, claim: Claim, covered: tuple[str, ...], given: str | None, sign: Sign
) -> str:
    scope = claim.scope
    where = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    expected = sign("\n".join((algorithm, claim.timestamp, where, *covered)))
    if not hmac.compare_digest(expected, given or ""):
        raise SignatureError(Problem.MISMATCH)
    return expected


def _check_sums(content: bytes, lines: dict[str, str]) -> None:
    for name, value in lines.items():
        # The others need a library that is not here; botocore does not choose them by itself.
        if name in _CHECKSUMS:
            made = _CHECKSUMS[name]()
            made.update(content)
            if base64.b64encode(made.digest()).decode() != value:
                raise SignatureError(Problem.CHECKSUM_MISMATCH)


def _hex(data: bytes) -> str:
    return sha256(data).hexdigest()
