"""An environment with a runtime and a gateway, and clients that reach the fakes of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.awsrequest import AWSResponse

from lifecycle.doors.section import GatewayRecord
from lifecycle.gateway_test import run as stage
from lifecycle.gateway_test.run import GatewayTestResult
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.cognito_world import EXECUTION
from tests.functions.lifecycle.gateway_test.fake_gateway import (
    GATEWAY_ARN,
    GATEWAY_ID,
    HOST,
    TARGET_ID,
    URL,
    FakeGateway,
)
from tests.functions.lifecycle.raw_body import RawBody
from tests.functions.lifecycle.smoke_test.smoke_environment import FakeClients, Smoke


class GatewayClients(FakeClients):
    """Clients that also reach a gateway."""

    gateway: FakeGateway

    def _send(self, request: Any, **more: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        if parts.netloc.startswith("bedrock-agentcore-control") and "/gateways/" in parts.path:
            status, answered, body = self.gateway.describe(request.url)
            return AWSResponse(request.url, status, answered, RawBody(body))
        return super()._send(request, **more)

    def _transport(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != HOST:
            return super()._transport(request)
        headers = dict(request.headers)
        status, answered, content = self.gateway.handle(
            request.method, str(request.url), headers, request.content
        )
        return httpx.Response(status, headers=answered, stream=httpx.ByteStream(content))


@dataclass
class Fronted:
    """An environment whose runtime has a gateway."""

    smoke: Smoke
    gateway: FakeGateway

    def deploy(self, identity: IdentityRecord | None = None) -> None:
        """Note a runtime that was promoted, and a gateway in front of it."""
        self.smoke.deploy(identity, live_version="3", proven_version="3")
        self.gateway.deploy(self.smoke.runtime.identity)
        self.note()

    def note(self, **gateway: Any) -> None:
        """Note the gateway in the record."""
        made = GatewayRecord(
            name="stack-dev",
            id=GATEWAY_ID,
            arn=GATEWAY_ARN,
            url=URL,
            target_id=TARGET_ID,
            **gateway,
        )
        self.smoke.world.records.update("dev", EXECUTION, gateway=made)

    @property
    def record(self) -> Any:
        return self.smoke.world.record

    def test(self, **request: Any) -> GatewayTestResult:
        """Run the stage; its pauses are noted instead of slept."""
        return stage.test_gateway(
            self.smoke.world.event(**request),
            clients=self.smoke.clients,
            sleep=self.smoke.pauses.append,
        )
