"""An agent with a WebSocket for the tests beside it: `/ping`, and `/ws` that answers with what reached it."""

import asyncio
import json
import os
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

HEALTHY = Headers({"Content-Type": "application/json"})


def first(_connection: ServerConnection, request: Request) -> Response | None:
    if request.path == "/ping":
        return Response(200, "OK", HEALTHY, b'{"status": "Healthy"}')
    return None if request.path == "/ws" else Response(404, "Not Found", Headers(), b"")


async def talk(socket: ServerConnection) -> None:
    async for message in socket:
        headers = socket.request.headers if socket.request is not None else Headers()
        said: dict[str, Any] = {
            "echo": json.loads(message),
            "process": os.getpid(),
            "session": headers.get("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"),
        }
        await socket.send(json.dumps(said))


async def main() -> None:
    async with serve(talk, "0.0.0.0", 8080, process_request=first) as server:  # noqa: S104 - the contract
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
