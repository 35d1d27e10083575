"""An agent that says which Python runs it: nothing but the standard library and the service contract."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """`GET /ping` and `POST /invocations`."""

    def do_GET(self) -> None:
        self.answer({"status": "Healthy"})

    def do_POST(self) -> None:
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        version = ".".join(map(str, sys.version_info[:2]))
        self.answer({"answer": f"echo of {prompt} by Python {version}"})

    def answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()  # noqa: S104 - the contract
