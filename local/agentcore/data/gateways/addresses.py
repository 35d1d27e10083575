"""Where a gateway finds what AWS has at an address of its own: on this local AWS."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from local.edge.operations import GATEWAY_PREFIX

_RUNTIMES = r"bedrock-agentcore\.[a-z0-9-]+\.amazonaws\.com"
_GATEWAYS = r"(?P<gateway>[a-z0-9-]+)\.gateway\.bedrock-agentcore\.[a-z0-9-]+\.amazonaws\.com"
_HOST = re.compile(f"{_RUNTIMES}|{_GATEWAYS}")


class Addresses:
    """Resolves addresses.

    Args:
        endpoint_url: The local AWS.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url.rstrip("/")
        self._netloc = urlsplit(endpoint_url).netloc

    def resolve(self, url: str) -> str:
        """Return where a URL leads to: AgentCore's own addresses to the local AWS, any other to itself."""
        parts = urlsplit(url)
        found = _HOST.fullmatch(parts.hostname or "")
        if found is None:
            return url
        prefix = f"{GATEWAY_PREFIX}{found['gateway']}" if found["gateway"] else ""
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._endpoint_url}{prefix}{parts.path}{query}"

    def own(self, url: str) -> bool:
        """Say whether a resolved URL leads to the local AWS."""
        return urlsplit(url).netloc == self._netloc
