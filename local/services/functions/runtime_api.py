"""The Lambda Runtime API for one function process.

See "Using the Lambda runtime API for custom runtimes" in the Lambda developer guide:
`next` is a long poll; `response`, `error` and `init/error` are how a runtime answers.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

_PREFIX = "/2018-06-01/runtime/"


@dataclass
class Invocation:
    """One event on its way into a runtime.

    Attributes:
        request_id: The id the runtime answers to.
        payload: The event, JSON.
        headers: The headers of the response to `next` (deadline, ARN, trace).
        taken: Set when the runtime has fetched it, that is: when the handler begins.
        ended: Set when it has answered, failed to start, or died.
        kind: How it ended.
        answer: The runtime's JSON.
    """

    request_id: str
    payload: bytes
    headers: Mapping[str, str]
    taken: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    kind: Literal["response", "error", "initError", "exit"] | None = None
    answer: bytes = b""

    def end(self, kind: Literal["response", "error", "initError", "exit"], answer: bytes) -> None:
        """Set how it ended; only the first call has an effect."""
        if not self.ended.is_set():
            self.kind, self.answer = kind, answer
            self.ended.set()


class RuntimeApi:
    """A server on loopback that one runtime process talks to."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Invocation | None = None
        self._current: Invocation | None = None
        self._init_error: bytes | None = None
        self._closed = False
        self.ready = threading.Event()
        """Set once the runtime has asked for its first event: its imports are done."""
        self._server = _HttpServer(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="runtime-api",
            daemon=True,
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Return the value of `AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def give(self, invocation: Invocation) -> None:
        """Pass an event to the runtime, which takes it when it is ready."""
        with self._changed:
            if self._init_error is not None:
                invocation.end("initError", self._init_error)
                return
            self._waiting = self._current = invocation
            self._changed.notify_all()

    def close(self) -> None:
        """Release a waiting runtime, and close the port."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def take(self) -> Invocation | None:
        """Wait for the next event; `None` when the server closes."""
        self.ready.set()
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed)
            taken, self._waiting = self._waiting, None
        if taken is not None:
            taken.taken.set()
        return taken

    def answered(self, path: str, body: bytes) -> bool:
        """Take what the runtime posts; return false if it does not answer the current event."""
        with self._changed:
            current = self._current
            if path == "init/error":
                self._init_error = body
                if current is not None:
                    current.end("initError", body)
                return True
        if current is None:
            return False
        if path == f"invocation/{current.request_id}/response":
            current.end("response", body)
        elif path == f"invocation/{current.request_id}/error":
            current.end("error", body)
        else:
            return False
        return True


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error: a killed runtime drops its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HttpServer

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}invocation/next":
            self._reply(404)
            return
        invocation = self.server.api.take()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Content-Type": "application/json",
            **invocation.headers,
        }
        self._reply(200, invocation.payload, headers)

    def do_POST(self) -> None:
        body = self._body()
        known = self.server.api.answered(self.path.removeprefix(_PREFIX), body)
        self._reply(202 if known else 400)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write nothing, because the call log has every request."""
