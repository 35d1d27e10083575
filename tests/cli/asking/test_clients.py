"""The machine's proxy is used for AWS, and not for the local AWS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli.asking.clients import CallerClients


@pytest.mark.parametrize(
    ("endpoint", "proxies"),
    [
        ("https://bedrock-agentcore.us-east-1.amazonaws.com", 1),
        ("http://localhost:4566", 0),
        ("http://127.0.0.1:4566", 0),
    ],
)
def test_the_proxy_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, proxies: int
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    for name in ("http_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = SimpleNamespace(
        meta=SimpleNamespace(
            endpoint_url=endpoint, events=SimpleNamespace(register=lambda *_: None)
        )
    )
    deployed: Any = SimpleNamespace(client=lambda _service, config: client)
    with CallerClients(deployed).http(3.0) as http:
        # httpx has no public way to ask which proxies it took from the environment.
        assert len(http._mounts) == proxies
        assert http.follow_redirects is False
