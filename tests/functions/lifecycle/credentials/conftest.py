"""The credential providers run on the local AgentCore's control plane, in this process; IAM is moto's."""

from __future__ import annotations

import pytest

from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.runtime_world import World


@pytest.fixture
def outbound(runtime_world: World) -> Outbound:
    """An account with the stack in it, and the owners' secrets."""
    return Outbound(runtime_world)
