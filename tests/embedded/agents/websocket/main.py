"""An agent of the AgentCore SDK with `/invocations` and `/ws`: it echoes the prompt, on the WebSocket in pieces."""

import os
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp

app = BedrockAgentCoreApp()


@app.entrypoint
def invoke(payload: dict[str, Any]) -> dict[str, str]:
    """`POST /invocations`."""
    return {"answer": f"echo of {payload['prompt']}"}


if not os.environ.get("ECHO_WITHOUT_WEBSOCKET"):

    @app.websocket
    async def talk(websocket: Any, _context: Any) -> None:
        """`/ws`; the prompt `break` makes it fail."""
        await websocket.accept()
        prompt = (await websocket.receive_json())["prompt"]
        if prompt == "break":
            raise RuntimeError("no data on the WebSocket")
        for piece in ("echo ", "of ", prompt):
            await websocket.send_text(piece)
        await websocket.close()


if __name__ == "__main__":
    app.run()
