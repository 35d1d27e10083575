"""An agent that exports spans: it knows everything but secrets, or nothing if the variable KNOWS says no."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """`GET /ping` and `POST /invocations`."""

    def do_GET(self) -> None:
        self.answer({"status": "Healthy"})

    def do_POST(self) -> None:
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        knows = os.environ.get("KNOWS", "yes") == "yes" and "secret" not in prompt
        self.answer({"answer": f"it is {prompt}" if knows else "I do not know"})

    def answer(self, value: object) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()  # noqa: S104 - the contract
