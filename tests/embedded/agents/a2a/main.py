"""A foreign A2A agent: protocol 0.3 by the standard library alone. It echoes a message as a task."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CARD = {
    "protocolVersion": "0.3.0",
    "name": "echo",
    "description": "Says what it hears.",
    "url": os.environ.get("AGENTCORE_RUNTIME_URL", "http://127.0.0.1:9000/"),
    "preferredTransport": "JSONRPC",
    "version": "1.2.3",
    "capabilities": {"streaming": False},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [{"id": "echo", "name": "Echo", "description": "Echoes a text.", "tags": ["echo"]}],
}


class Handler(BaseHTTPRequestHandler):
    """`GET /ping`, `GET /.well-known/agent-card.json`, and `POST /`, one JSON-RPC request each."""

    def do_GET(self) -> None:
        documents: dict[str, Any] = {
            "/ping": {"status": "Healthy"},
            "/.well-known/agent-card.json": CARD,
        }
        if self.path in documents:
            self.answer(documents[self.path])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/":
            self.send_error(404)
        elif asked["method"] != "message/send":
            error = {"code": -32601, "message": f"no method {asked['method']}"}
            self.answer({"jsonrpc": "2.0", "id": asked["id"], "error": error})
        else:
            result = task(asked["params"]["message"])
            self.answer({"jsonrpc": "2.0", "id": asked["id"], "result": result})

    def answer(self, value: object) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def task(message: dict[str, Any]) -> dict[str, Any]:
    """The finished task for a message; `fail` makes it fail."""
    text = "".join(part["text"] for part in message["parts"] if part["kind"] == "text")
    made: dict[str, Any] = {"kind": "task", "id": "task-1", "contextId": "context-1"}
    if text == "fail":
        said = {
            "kind": "message",
            "role": "agent",
            "messageId": "message-1",
            "parts": parts("sorry"),
        }
        return {**made, "status": {"state": "failed", "message": said}}
    artifact = {"artifactId": "artifact-1", "parts": parts(f"echo of {text}")}
    return {**made, "status": {"state": "completed"}, "artifacts": [artifact]}


def parts(text: str) -> list[dict[str, str]]:
    return [{"kind": "text", "text": text}]


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 9000), Handler).serve_forever()  # noqa: S104 - the contract
