"""The agent of the claims: the standard library and the service contract only. It answers with what reached it.

It returns the values of a few variables only, and of all others the names, so that no key leaves the agent.
"""

import json
import os
import platform
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETING = "echo of"
QUESTION = "what reached you?"
SHOWN = ("AWS_REGION", "AWS_DEFAULT_REGION", "DOCKER_CONTAINER", "PROVE_MARK")


class Handler(BaseHTTPRequestHandler):
    """`GET /ping` and `POST /invocations`."""

    def do_GET(self) -> None:
        """Say that the agent is healthy."""
        self._answer({"status": "Healthy"})

    def do_POST(self) -> None:
        """Answer a prompt."""
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        said: dict[str, object] = {"answer": f"{GREETING} {prompt}"}
        if prompt == QUESTION:
            said |= {
                "variables": {
                    name: os.environ[name] if name in SHOWN else "(set)"
                    for name in sorted(os.environ)
                },
                "headers": sorted(name.lower() for name in self.headers),
                "machine": platform.machine(),
                "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            }
        self._answer(said)

    def _answer(self, value: object) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()  # noqa: S104 - the contract
