"""The JWT authorizer: is this bearer token good for this runtime?"""

from __future__ import annotations

import math
from typing import Any, TypeGuard

import jwt

from local.agentcore.data.discovery import Discovery, DiscoveryError
from local.agentcore.settings import Clock

MINIMUM_LIFE_SECONDS = 60
"""A token with this much or less to live is refused (users of the service report it, see docs/local-differences.md)."""

_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)


class TokenRefusedError(Exception):
    """A bearer token that does not let its bearer in.

    Attributes:
        status: 403 if the token cannot be read or checked at all, 401 otherwise.
        message: What the caller is told; never the token.
        claim: The claim that the authorizer does not allow; `None` for a token that is not good for anybody.
    """

    def __init__(self, status: int, message: str, claim: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.claim = claim


class UnreadableDiscoveryError(Exception):
    """A token cannot be checked, since the provider's documents cannot be read; the message is for the caller."""


class TokenChecker:
    """Checks tokens: signature, issuer, life, and every constraint of the authorizer, ANDed."""

    def __init__(self, discovery: Discovery, clock: Clock) -> None:
        self._discovery = discovery
        self._clock = clock

    def check(self, token: str, authorizer: dict[str, Any]) -> dict[str, Any]:
        """Check a token.

        Args:
            token: What follows `Bearer`.
            authorizer: The runtime's `customJWTAuthorizer`.

        Returns:
            The claims.

        Raises:
            TokenRefusedError: If it does not let its bearer in.
            UnreadableDiscoveryError: If the provider's documents cannot be read.
        """
        claims = self._verified(token, authorizer["discoveryUrl"])
        expiry = claims.get("exp")
        if not _is_moment(expiry) or expiry - self._clock() <= MINIMUM_LIFE_SECONDS:
            raise TokenRefusedError(401, "Token has expired")
        begin = claims.get("nbf", 0)
        if not _is_moment(begin) or begin > self._clock():
            raise TokenRefusedError(401, "Token is not yet valid")
        _check_constraints(claims, authorizer)
        return claims

    def _verified(self, token: str, url: str) -> dict[str, Any]:
        """Check form, key, signature and issuer, in this order."""
        try:
            header = jwt.get_unverified_header(token)
            jwt.decode(token, options={"verify_signature": False})
            algorithm = str(header["alg"])  # RFC 7515: a header without it is none
        except (jwt.InvalidTokenError, KeyError) as error:
            raise TokenRefusedError(
                403, "OAuth authorization failed: Failed to parse token"
            ) from error
        if algorithm not in _ALGORITHMS:
            raise TokenRefusedError(401, "Token is signed with an algorithm that is not allowed")
        try:
            provider = self._discovery.provider(url, key_id=header.get("kid"))
        except DiscoveryError as error:
            message = f"OAuth authorization failed: the discovery failed, {error}"
            raise UnreadableDiscoveryError(message) from error
        key = provider.keys.get(header.get("kid"))
        if key is None:
            raise TokenRefusedError(401, "Token is signed with an unknown key")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                # Times are checked against our own clock, the audience against the authorizer.
                options={
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
        except (jwt.InvalidTokenError, TypeError, ValueError) as error:
            raise TokenRefusedError(401, "Token signature verification failed") from error
        if claims.get("iss") != provider.issuer:
            raise TokenRefusedError(401, "Claim 'iss' value mismatch with configuration.")
        return claims


def _is_moment(value: Any) -> TypeGuard[float]:
    # RFC 7519, section 2: a NumericDate is a JSON number. Python also reads `NaN` and `Infinity`.
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _check_constraints(claims: dict[str, Any], authorizer: dict[str, Any]) -> None:
    clients = authorizer.get("allowedClients")
    if clients is not None and claims.get("client_id") not in clients:
        raise _mismatch("client_id")
    audiences = authorizer.get("allowedAudience")
    # A claim may hold anything that JSON can, also what cannot be in a set.
    if audiences is not None and not any(item in audiences for item in _many(claims.get("aud"))):
        raise _mismatch("aud")
    scopes = authorizer.get("allowedScopes")
    if scopes is not None and not _scopes_of(claims) & set(scopes):
        raise _mismatch("scope")
    for rule in authorizer.get("customClaims", []):
        if not _claim_holds(claims, rule):
            raise _mismatch(rule["inboundTokenClaimName"])


def _claim_holds(claims: dict[str, Any], rule: dict[str, Any]) -> bool:
    value = claims.get(rule["inboundTokenClaimName"])
    match = rule["authorizingClaimMatchValue"]
    wanted = next(iter(match["claimMatchValue"].values()))
    if rule["inboundTokenClaimValueType"] == "STRING":
        return isinstance(value, str) and value == wanted
    if not isinstance(value, list):
        return False
    if match["claimMatchOperator"] == "CONTAINS":
        return wanted in value
    return any(item in value for item in wanted)


def _scopes_of(claims: dict[str, Any]) -> set[str]:
    scope = claims.get("scope", "")
    return set(scope.split()) if isinstance(scope, str) else {str(s) for s in _many(scope)}


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mismatch(claim: str) -> TokenRefusedError:
    message = f"Claim '{claim}' value mismatch with configuration."
    return TokenRefusedError(401, message, claim)
