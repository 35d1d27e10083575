"""A foreign agent: nothing but the standard library and the service contract. Answers with what reached it."""

import itertools
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALLS = itertools.count()


class Handler(BaseHTTPRequestHandler):
    """`GET /ping` and `POST /invocations`."""

    def do_GET(self) -> None:
        self.answer({"status": "Healthy"})

    def do_POST(self) -> None:
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        # Right in every smoke test, wrong for some callers: one call of so many fails.
        fails = os.environ.get("ECHO_FAILS")
        if fails and prompt == "which version?" and next(CALLS) % int(fails) == 0:
            self.send_error(500)
            return
        self.answer(
            {
                "answer": f"echo of {prompt}",
                "variables": {k: v for k, v in os.environ.items() if k.startswith("ECHO_")},
                "headers": {k.lower(): v for k, v in self.headers.items()},
            }
        )

    def answer(self, value: object) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()  # noqa: S104 - the contract
