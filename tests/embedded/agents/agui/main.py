"""A foreign AG-UI agent: one run as server-sent events, by the standard library alone. It echoes the last message."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """`GET /ping` and `POST /invocations`."""

    def do_GET(self) -> None:
        self.head("application/json")
        self.wfile.write(b'{"status": "Healthy"}')

    def do_POST(self) -> None:
        run = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.head("text/event-stream")
        for event in events(run):
            self.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

    def head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()


def events(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a run; the message `fail` makes it fail."""
    ids = {"threadId": run["threadId"], "runId": run["runId"]}
    said = run["messages"][-1]["content"]
    yield {"type": "RUN_STARTED", **ids}
    if said == "fail":
        yield {"type": "RUN_ERROR", "message": "sorry", "code": "NO_DATA"}
        return
    yield {"type": "TEXT_MESSAGE_START", "messageId": "message-1", "role": "assistant"}
    for piece in ("echo ", "of ", said):
        yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": "message-1", "delta": piece}
    yield {"type": "TEXT_MESSAGE_END", "messageId": "message-1"}
    yield {"type": "RUN_FINISHED", **ids}


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()  # noqa: S104 - the contract
