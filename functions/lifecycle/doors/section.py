"""The section of the record about the gateway. `lifecycle.gateway` makes what it lists."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

GatewayChange = Literal["created", "updated", "unchanged"]
"""What an execution did to the gateway and its target."""


class _Section(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="ignore", defer_build=True
    )


class GatewayDeployment(_Section):
    """What one execution does to the gateway and its target, recorded before it is done.

    Attributes:
        execution: Which execution.
        change: What it does, in all.
        repaired: The drift that it found and repaired, one phrase each.
        written: The parts that AgentCore took from it: one of these that fails is this execution's failure.
    """

    execution: str
    change: GatewayChange
    repaired: list[str] = Field(default_factory=list)
    written: list[str] = Field(default_factory=list)


class GatewayRecord(_Section):
    """The gateway in front of the environment's runtime, and its target.

    It is written before the gateway is created.

    Attributes:
        name: The gateway's name.
        id: What AgentCore calls it; null until it was created.
        arn: Its ARN.
        url: Its address as `GetGateway` gives it; null until it was ready once.
        target_id: What AgentCore calls its target; null until that was created.
        deployed: Digest of each part as it was last written. Another one that is found is drift.
        tags: The tags last written.
        deployment: What the last execution that deployed it did.
        proven: Its last test passed, and nothing was changed since.
    """

    name: str
    id: str | None = None
    arn: str | None = None
    url: str | None = None
    target_id: str | None = None
    deployed: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    deployment: GatewayDeployment | None = None
    proven: bool = False
