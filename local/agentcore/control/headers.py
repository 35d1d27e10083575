"""Which request headers a runtime may pass on to its agent.

Source: AgentCore developer guide, "Pass custom headers to Amazon Bedrock AgentCore Runtime", restricted headers. A test
holds the names against the lifecycle's own list, so that none is missing here.
"""

from __future__ import annotations

from collections.abc import Sequence

_CUSTOM = "x-amzn-bedrock-agentcore-runtime-custom-"
_RESTRICTED = frozenset(
    " ".join(
        (
            # Negotiation of content
            "accept accept-charset accept-encoding accept-language accept-ranges content-encoding content-language",
            "content-length content-location content-range content-type",
            # Caches and conditions
            "cache-control etag expires if-match if-modified-since if-none-match if-range if-unmodified-since",
            "last-modified pragma range vary x-cache",
            # Connection and proxies
            "connection date expect-ct forwarded from host keep-alive proxy-authorization proxy-connection te trailer",
            "transfer-encoding upgrade via",
            # Who asks, and from where
            "cf-connecting-ip cf-ray cookie origin referer true-client-ip user-agent x-amz-cf-id x-client-ip",
            "x-cluster-client-ip x-csrf-token x-forwarded-for x-forwarded-host x-forwarded-proto x-original-host",
            "x-original-url x-originating-ip x-real-ip x-requested-with x-rewrite-url x-source-ip",
            # Other origins
            "access-control-allow-credentials access-control-allow-headers access-control-allow-methods",
            "access-control-allow-origin access-control-expose-headers access-control-max-age",
            "access-control-request-headers access-control-request-method cross-origin-embedder-policy",
            "cross-origin-opener-policy cross-origin-resource-policy",
            # Security
            "clear-site-data content-security-policy content-security-policy-report-only feature-policy",
            "permissions-policy public-key-pins public-key-pins-report-only referrer-policy strict-transport-security",
            "www-authenticate x-content-type-options x-frame-options x-xss-protection",
            # Client hints
            "accept-ch accept-ch-lifetime downlink dpr ect rtt save-data viewport-width width",
            # WebSocket
            "sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-protocol",
            "sec-websocket-version",
            # Server information
            "link location retry-after server set-cookie x-served-by",
        )
    ).split()
)


def refusal(listed: Sequence[str], *, with_tokens: bool) -> str | None:
    """Return why a list of headers is refused; `None` if it is not.

    Args:
        listed: The names, in any case.
        with_tokens: Whether the runtime takes bearer tokens.
    """
    names = [name.lower() for name in listed]
    if len({*names}) < len(names):
        return "A header must not be listed twice."
    for name in names:
        reserved = name.startswith("x-amz") and not name.startswith(_CUSTOM)
        if name in _RESTRICTED or reserved:
            return f"The header '{name}' is restricted."
    if "authorization" in names and not with_tokens:
        return "The header 'Authorization' needs a JWT authorizer."
    return None
