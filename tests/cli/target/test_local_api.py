"""The client for the local AWS's own API."""

from __future__ import annotations

import httpx
import pytest

from cli.errors import LocalApiError
from cli.target.local_api import LocalApi


def test_one_that_does_not_answer_is_said_so() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    client = httpx.Client(transport=httpx.MockTransport(refuse))
    with pytest.raises(LocalApiError, match="does not answer: connection refused"):
        LocalApi("http://localhost:1", client).health()
