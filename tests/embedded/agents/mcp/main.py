"""A foreign MCP server: stateless streamable HTTP by the standard library alone, with two tools."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOOLS = [
    {
        "name": "shout",
        "description": "Says a text loudly.",
        "inputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
    },
    {
        "name": "count",
        "description": "Counts the characters of a text.",
        "inputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
    },
]


class Handler(BaseHTTPRequestHandler):
    """`POST /mcp`, one JSON-RPC message a request."""

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/mcp":
            self.send_error(404)
        elif "id" not in message:
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer({"jsonrpc": "2.0", "id": message["id"], **result(message)})

    def answer(self, value: object) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def result(message: dict[str, Any]) -> dict[str, Any]:
    """The result, or the error, of a request."""
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        return {
            "result": {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "shouter", "version": "1"},
            }
        }
    if method == "tools/list":
        return {"result": {"tools": TOOLS}}
    if method == "tools/call":
        text = str(params["arguments"]["text"])
        said = text.upper() if params["name"] == "shout" else str(len(text))
        return {"result": {"content": [{"type": "text", "text": said}], "isError": False}}
    return {"error": {"code": -32601, "message": f"no method {method}"}}


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()  # noqa: S104 - the contract
