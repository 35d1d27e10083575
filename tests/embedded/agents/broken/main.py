"""An agent that is broken as its variable BREAK says; nothing but the standard library."""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BREAK = os.environ["BREAK"]


class Handler(BaseHTTPRequestHandler):
    """`GET /ping`, and `POST` at another path than AgentCore calls."""

    def do_GET(self) -> None:
        self.answer(404 if BREAK == "no-ping" else 200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if BREAK == "raises-in-answer":
            raise ValueError("no such city")
        self.answer(404)

    def answer(self, status: int) -> None:
        body = b'{"status": "Healthy"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing: the log is to have no line that helps."""


if BREAK == "import":
    __import__("no_such_module")
if BREAK == "raises":
    raise RuntimeError("MODEL_TABLE is not set")
if BREAK == "exits":
    sys.exit("set MODEL_TABLE before you start me")
if BREAK == "never-listens":
    print("loading the model", flush=True)
    threading.Event().wait()
ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()  # noqa: S104
