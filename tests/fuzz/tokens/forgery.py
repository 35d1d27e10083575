"""Tokens that must not let their bearer in: forged, altered, odd. Only `good` makes one that may."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz.grammar.mutation import mutated
from tests.fuzz.grammar.values import ODD_TEXTS, nested, texts, values

Draw = Callable[[SearchStrategy[Any]], Any]
KEY_ID = "one"
# Bytes that no header carries never reach the check.
_IN_A_HEADER = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f")
_ALGORITHMS = [
    "none",
    "None",
    "NONE",
    "HS256",
    "HS512",
    "RS256",
    "RS512",
    "PS256",
    "ES256",
    "EdDSA",
    "",
    "rs256",
]


@dataclass(frozen=True)
class Issuer:
    """The provider that the runtime trusts, and an attacker's key."""

    url: str
    key: rsa.RSAPrivateKey
    other_key: rsa.RSAPrivateKey

    def claims(self) -> dict[str, Any]:
        """The claims of a token that is good."""
        return {
            "iss": self.url,
            "client_id": "client",
            "scope": "agents/invoke",
            "groups": ["people"],
            "exp": int(time.time()) + 3600,
        }

    def sign(self, claims: Any, key: Any = None, **header: Any) -> str:
        """A token with a signature that is right for `key`, whatever the claims are."""
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID, **header}
        signed = f"{part(head)}.{part(claims)}"
        algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
        signature = algorithm.sign(signed.encode(), key or self.key)
        return f"{signed}.{encoded(signature)}"

    def public_pem(self) -> bytes:
        """The public key, which an attacker may take for a shared secret."""
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value: Any) -> str:
    """A part of a token: JSON in Base64url."""
    return encoded(json.dumps(value).encode())


def forged(issuer: Issuer) -> SearchStrategy[str]:
    """Tokens of every kind, none of which is signed by the issuer for a caller that the runtime allows."""
    good = issuer.sign(issuer.claims())
    _, claims, signature = good.split(".")

    @st.composite
    def with_another_header(draw: Draw) -> str:
        head = draw(mutated(st.just({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"})))
        return f"{part(head)}.{claims}.{signature}"

    @st.composite
    def with_another_algorithm(draw: Draw) -> str:
        head = {"alg": draw(st.sampled_from(_ALGORITHMS)), "kid": KEY_ID, **draw(_MORE_HEADER)}
        signed = f"{part(head)}.{claims}"
        secret = draw(st.sampled_from([b"", b"secret", issuer.public_pem()]))
        mac = encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())
        return f"{signed}.{draw(st.sampled_from(['', mac, signature]))}"

    @st.composite
    def altered(draw: Draw) -> str:
        place: int = draw(st.integers(0, len(good) - 1))
        other: str = draw(_IN_A_HEADER)
        kind = draw(st.sampled_from(["replace", "insert", "remove", "cut", "double"]))
        if kind == "cut":
            return good[:place]
        if kind == "double":
            return good + good[place:]
        if kind == "insert":
            longer: str = good[:place] + other + good[place:]
            return longer
        instead: str = other if kind == "replace" else ""
        return good[:place] + instead + good[place + 1 :]

    @st.composite
    def signed_with_wrong_claims(draw: Draw) -> str:
        changed = draw(mutated(st.just(issuer.claims())))
        return issuer.sign(changed)

    others = st.builds(
        lambda header: issuer.sign(issuer.claims(), issuer.other_key, **header), _MORE_HEADER
    )
    garbage = st.one_of(
        st.text(_IN_A_HEADER, max_size=40),
        st.lists(values.map(part), min_size=1, max_size=5).map(".".join),
        st.sampled_from([f"{part(nested(900))}.{claims}.{signature}", "x" * 60_000, "..", "."]),
        texts.filter(lambda text: text.isascii() and text.isprintable()),
    )
    return st.one_of(
        with_another_header(),
        with_another_algorithm(),
        altered(),
        signed_with_wrong_claims(),
        others,
        garbage,
    )


_MORE_HEADER = st.dictionaries(
    st.sampled_from(["kid", "typ", "jku", "x5u", "jwk", "crit", "zip", "b64", "cty", "enc"]),
    st.one_of(st.sampled_from([KEY_ID, *ODD_TEXTS[:14], "https://a.example/keys"]), values),
    max_size=2,
)
