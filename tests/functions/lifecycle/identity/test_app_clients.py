"""Scopes that were removed by hand. moto has no UpdateResourceServer, so Cognito is a fake here."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.identity.app_clients import ensure_scopes


class ResourceServers:
    """The three operations on resource servers, by identifier."""

    def __init__(self) -> None:
        self.servers: dict[str, dict[str, Any]] = {}

    def describe_resource_server(self, **request: Any) -> dict[str, Any]:
        if request["Identifier"] not in self.servers:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}},
                "DescribeResourceServer",
            )
        return {"ResourceServer": self.servers[request["Identifier"]]}

    def create_resource_server(self, **request: Any) -> None:
        assert request["Identifier"] not in self.servers
        self.servers[request["Identifier"]] = request

    def update_resource_server(self, **request: Any) -> None:
        assert request["Identifier"] in self.servers
        self.servers[request["Identifier"]] = request


@pytest.mark.parametrize("left", [["invoke"], ["probe"], []])
def test_a_missing_scope_is_put_back(left: list[str]) -> None:
    cognito = ResourceServers()
    assert ensure_scopes(cognito, "pool", "stack-dev") == "created"
    assert ensure_scopes(cognito, "pool", "stack-dev") == "kept"
    server = cognito.servers["stack-dev"]
    server["Scopes"] = [scope for scope in server["Scopes"] if scope["ScopeName"] in left]
    assert ensure_scopes(cognito, "pool", "stack-dev") == "repaired"
    names = [scope["ScopeName"] for scope in cognito.servers["stack-dev"]["Scopes"]]
    assert names == ["invoke", "probe"]
