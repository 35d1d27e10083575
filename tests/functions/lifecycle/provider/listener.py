"""A server of an attacker: it notes all that reaches it, and answers as a provider that names itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Listener:
    """What reached the server: method, path, headers and body of each request.

    Attributes:
        url: Its URL.
        heard: What reached it.
        token_endpoint: What its document names; its own if left out.
    """

    url: str = ""
    token_endpoint: str | None = None
    heard: list[str] = field(default_factory=list)

    @property
    def discovery_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"


@contextmanager
def listening() -> Iterator[Listener]:
    """A server on loopback for the time of a `with` block."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            endpoint = listener.token_endpoint or f"{listener.url}/token"
            self._answer({"issuer": listener.url, "token_endpoint": endpoint})

        def do_POST(self) -> None:
            self._answer({"access_token": "eyJ.e30.c2ln", "token_type": "Bearer"})

        def _answer(self, value: dict[str, Any]) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            listener.heard.append(f"{self.command} {self.path} {dict(self.headers)} {body}")
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()
