"""The WSGI application of the control plane: botocore's model, but for what a local AWS cannot keep of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from local.agentcore.control.store import SERVICE
from local.agentcore.model.app import Handler, ModelApp

_LOOPBACK = r"(?:localhost|127\.0\.0\.1|\[::1\])"
_SOME = [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]


class ControlApp(ModelApp):
    """Serves the operations.

    Two things are seen as what they stand for. The endpoint of an MCP server begins with `https:` in the model, but the
    data plane of this local AWS with `http:`. And an answer about a target without credentials has an empty list of
    them, although the model wants one.

    Args:
        handlers: One for each operation served, by its name.
        endpoint_url: The local AWS.
    """

    def __init__(self, handlers: Mapping[str, Handler], endpoint_url: str) -> None:
        super().__init__(SERVICE, handlers)
        port = urlsplit(endpoint_url).port
        here = re.escape(endpoint_url.rstrip("/"))
        self._own = re.compile(rf"(?:{here}|http://{_LOOPBACK}:{port})(?=/)")

    def seen(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request or an answer as the model would see them."""
        found = dict(members)
        # Only an answer has a status.
        if found.get("credentialProviderConfigurations") == [] and "status" in found:
            found["credentialProviderConfigurations"] = _SOME
        if isinstance(found.get("targets"), list):
            found["targets"] = [self.seen(each) for each in found["targets"]]
        configuration = _member(found, "targetConfiguration")
        outer = _member(configuration, "mcp")
        server = _member(outer, "mcpServer")
        endpoint = server.get("endpoint")
        if isinstance(endpoint, str) and self._own.match(endpoint):
            secured = {**server, "endpoint": f"https{endpoint.removeprefix('http')}"}
            found["targetConfiguration"] = {**configuration, "mcp": {**outer, "mcpServer": secured}}
        return found


def _member(members: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a structure; an empty one for what is none, which the model refuses by itself."""
    found = members.get(name)
    return found if isinstance(found, dict) else {}
