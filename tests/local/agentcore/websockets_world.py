"""The local AgentCore on a port, and clients of its WebSockets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from websockets.sync.client import ClientConnection, reconnect
from websockets.typing import Subprotocol

from tests.local.agentcore.conftest import REGION

if TYPE_CHECKING:
    from local.edge.credentials import Credentials
    from local.edge.server import Server
    from tests.local.agentcore.conftest import World

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

# Echoes; does what a message orders.
AGENT = """
import asyncio, json, os
from http.server import BaseHTTPRequestHandler
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

def first(connection, request):
    if request.path == "/ping":
        return Response(200, "OK", Headers({"Content-Type": "application/json"}), b'{"status": "Healthy"}')
    if request.path != "/ws":
        return Response(404, "Not Found", Headers(), b"")
    if os.environ.get("REFUSE"):
        return Response(int(os.environ["REFUSE"]), "No", Headers({"Location": "/ping"}), b"no")

async def talk(socket):
    async for message in socket:
        order = json.loads(message) if isinstance(message, str) and message.startswith("{") else {}
        do = order.get("do")
        if do == "who":
            headers = {name.lower(): value for name, value in socket.request.headers.raw_items()}
            await socket.send(json.dumps({"pid": os.getpid(), "headers": headers, "path": socket.request.path}))
        elif do == "close":
            await socket.close(order["code"], order.get("reason", ""))
        elif do == "break":
            raise RuntimeError("broken")
        elif do == "exit":
            os._exit(3)
        elif do == "say":
            await socket.send("x" * order["bytes"])
        elif do == "pieces":
            await socket.send(iter(["x" * order["bytes"]] * order["times"]))
        else:
            await socket.send(message)

async def main():
    async with serve(talk, "0.0.0.0", 8080, process_request=first, max_size=None, ping_interval=None) as server:
        await server.serve_forever()

asyncio.run(main())
"""


@dataclass
class Sockets:
    """Opens WebSockets to the runtimes of a world.

    Attributes:
        world: Its AgentCore.
        server: Serves its data plane.
    """

    world: World
    server: Server

    def url(self, arn: str, **query: str) -> str:
        """The URL of a runtime's WebSocket."""
        asked = urlencode({"qualifier": "DEFAULT", **query}, quote_via=quote)
        return f"http://127.0.0.1:{self.server.port}/runtimes/{quote(arn, safe='')}/ws?{asked}"

    def plain(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] | None = None,
    ) -> AbstractContextManager[ClientConnection]:
        """Open a WebSocket with nothing but what is given."""
        return reconnect(
            "ws" + url.removeprefix("http"),
            additional_headers=dict(headers or {}),
            subprotocols=None if subprotocols is None else [Subprotocol(s) for s in subprotocols],
            proxy=None,
            max_size=None,
            open_timeout=20,
            ping_interval=None,
            close_timeout=5,
        )

    def signed(
        self,
        arn: str,
        session: str | None = None,
        **query: str,
    ) -> AbstractContextManager[ClientConnection]:
        """Open a WebSocket with SigV4 in a header."""
        url = self.url(arn, **query)
        sent = {} if session is None else {SESSION: session}
        request = botocore.awsrequest.AWSRequest("GET", url, headers=sent)
        _signer(botocore.auth.SigV4Auth, self.world.keys).add_auth(request)
        return self.plain(url, dict(request.headers.items()))

    def presigned(self, arn: str, **query: str) -> str:
        """A URL that has the signature in its query."""
        request = botocore.awsrequest.AWSRequest("GET", self.url(arn, **query))
        _signer(botocore.auth.SigV4QueryAuth, self.world.keys, expires=300).add_auth(request)
        return str(request.url)


def _signer(kind: Any, keys: Credentials, **more: Any) -> Any:
    found = botocore.credentials.Credentials(
        keys.access_key_id, keys.secret_access_key, keys.session_token
    )
    return kind(found, "bedrock-agentcore", REGION, **more)
