"""A gateway over real HTTP: boto3 in front, small services of our own behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from werkzeug import Request, Response

from local.edge.calls import CallLog
from local.edge.credentials import CredentialStore, Principal
from local.edge.faults import FaultPlan
from local.edge.gateway.app import Gateway
from local.edge.host_names import HostNames
from local.edge.iam.authorization import Authorization
from local.edge.local_api import LocalApi
from local.edge.operations import Operations
from local.edge.server import Server

FUNCTION = Principal("SignInFunction", "arn:aws:iam::123456789012:role/r", "function")


class FakeDelays:
    def __init__(self) -> None:
        self.seconds = {"create": 5.0}

    def read(self) -> dict[str, float]:
        return self.seconds

    def change(self, seconds: dict[str, float]) -> None:
        if set(seconds) - set(self.seconds):
            raise ValueError("unknown delay")
        self.seconds.update(seconds)


class World:
    """A gateway that is served, and what stands behind it."""

    def __init__(
        self,
        operations: Operations | None = None,
        authorization: Authorization | None = None,
        names: HostNames | None = None,
    ) -> None:
        self.store = CredentialStore()
        self.log = CallLog()
        self.faults = FaultPlan()
        self.delays = FakeDelays()
        self.reached: list[tuple[str, str | None]] = []
        self.hosts: list[str] = []
        self.closed = 0
        self.first_seen = threading.Event()
        self.keys = self.store.issue(FUNCTION)
        self.gateway = Gateway(
            services={"bedrock-agentcore": self.service(self.streamed)},
            fallback=self.service(self.answer),
            credentials=self.store,
            calls=self.log,
            faults=self.faults,
            local_api=LocalApi(self.log, self.faults, self.delays, lambda: {"pid": 1}),
            operations=operations,
            authorization=authorization,
            names=names,
        )
        self.server = Server(self.gateway)
        self.server.start()
        self.url = f"http://localhost:{self.server.port}"

    def service(self, answer: Callable[[Request], Response]) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            call = environ["local.call"]
            self.reached.append((call.service, call.operation))
            self.hosts.append(environ["HTTP_HOST"])
            return answer(Request(environ))(environ, start_response)

        return app

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/broken/"):
            raise RuntimeError("a fault of ours")
        if request.path == "/UpdateTraceSegmentDestination":
            page = "<!doctype html>\n<html lang=en><title>404 Not Found</title>"
            return Response(page, 404, content_type="text/html; charset=utf-8")
        if request.path == "/2015-03-31/functions/none/configuration":
            # moto leaves the type of many an error to its web framework.
            said = {"Type": "User", "message": "none"}
            headers = {"x-amzn-ErrorType": "ResourceNotFoundException"}
            return Response(json.dumps(said), 404, headers, content_type="text/html")
        if request.path == "/missing/html":
            return Response(status=404, content_type="text/html")
        if request.path == "/missing/key":
            return Response("<Error/>", 404, content_type="application/xml")
        if request.path == "/there/page.html":
            return Response("<h1>Hello</h1>", content_type="text/html")
        if request.headers.get("X-Amz-Target", "").endswith("PutItem"):
            assert json.loads(request.get_data())["TableName"] == "t"
        return Response("{}", content_type="application/x-amz-json-1.0")

    def streamed(self, _request: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            yield b"data: one\n\n"
            # A gateway that gathers the whole answer would wait here for a client that waits for it.
            self.first_seen.wait(20)
            yield b"data: two\n\n"

        response = Response(pieces(), content_type="text/event-stream")
        response.call_on_close(self.close)
        return response

    def close(self) -> None:
        self.closed += 1

    def client(
        self, service: str, session: boto3.Session | None = None, seconds: int = 20, **config: Any
    ) -> Any:
        return (session or boto3).client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.keys.access_key_id,
            aws_secret_access_key=self.keys.secret_access_key,
            aws_session_token=self.keys.session_token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=seconds, **config),
        )
