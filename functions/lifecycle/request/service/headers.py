"""Which request headers AgentCore can pass on to an agent.

Source: AgentCore developer guide, "Pass custom headers to Amazon Bedrock AgentCore Runtime".
"""

from __future__ import annotations

from collections.abc import Iterator

AUTHORIZATION = "authorization"
_CUSTOM = "x-amzn-bedrock-agentcore-runtime-custom-"
# Headers that the service refuses to pass on.
RESTRICTED = frozenset(
    [
        "accept",
        "accept-ch",
        "accept-ch-lifetime",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "accept-ranges",
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-max-age",
        "access-control-request-headers",
        "access-control-request-method",
        "cache-control",
        "cf-connecting-ip",
        "cf-ray",
        "clear-site-data",
        "connection",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-range",
        "content-security-policy",
        "content-security-policy-report-only",
        "content-type",
        "cookie",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "date",
        "downlink",
        "dpr",
        "ect",
        "etag",
        "expect-ct",
        "expires",
        "feature-policy",
        "forwarded",
        "from",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "last-modified",
        "link",
        "location",
        "origin",
        "permissions-policy",
        "pragma",
        "proxy-authorization",
        "proxy-connection",
        "public-key-pins",
        "public-key-pins-report-only",
        "range",
        "referer",
        "referrer-policy",
        "retry-after",
        "rtt",
        "save-data",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "server",
        "set-cookie",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "true-client-ip",
        "upgrade",
        "user-agent",
        "vary",
        "via",
        "viewport-width",
        "width",
        "www-authenticate",
        "x-amz-cf-id",
        "x-cache",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-content-type-options",
        "x-csrf-token",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-frame-options",
        "x-original-host",
        "x-original-url",
        "x-originating-ip",
        "x-real-ip",
        "x-requested-with",
        "x-rewrite-url",
        "x-served-by",
        "x-source-ip",
        "x-xss-protection",
    ]
)


def wrong_headers(names: list[str]) -> Iterator[tuple[str, str]]:
    """Name each header that AgentCore would refuse, with the reason.

    Args:
        names: Header names in any case.
    """
    seen: set[str] = set()
    for name in names:
        lower = name.lower()
        if lower in RESTRICTED:
            yield name, "a header that AgentCore passes on: this one is restricted"
        elif lower.startswith("x-amz") and not lower.startswith(_CUSTOM):
            yield name, "of the headers x-amz* only X-Amzn-Bedrock-AgentCore-Runtime-Custom-…"
        elif lower in seen:
            yield name, "each header once, whatever its case"
        seen.add(lower)
