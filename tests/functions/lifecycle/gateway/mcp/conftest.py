"""The MCP gateway runs on the local AgentCore's control plane and moto's IAM, in this process."""

from __future__ import annotations

import pytest

from tests.functions.lifecycle.gateway.mcp.tools import Tools, mcp
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def tools(runtime_world: World) -> Tools:
    """An account with the stack in it."""
    return Tools(runtime_world)


@pytest.fixture
def deployed(tools: Tools) -> Tools:
    """An environment with an MCP gateway, and an execution that provisions it again."""
    tools.provision("one")
    tools.world.begin("two", mcp())
    return tools
