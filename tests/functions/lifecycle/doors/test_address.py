"""The address of an invocation follows from the gateway's own, however that ends."""

from __future__ import annotations

import pytest

from lifecycle.doors.address import invocation_address

HOST = "https://agents-dev-0123456789.gateway.bedrock-agentcore.us-east-1.amazonaws.com"


@pytest.mark.parametrize("end", ["", "/", "/mcp", "/mcp/"])
def test_an_address_has_the_target(end: str) -> None:
    assert invocation_address(HOST + end) == f"{HOST}/live/invocations"
