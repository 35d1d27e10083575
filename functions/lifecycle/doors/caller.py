"""What the record knows of the role with which a gateway calls the environment's runtime."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lifecycle.sections.base import Section


class CallingRole(Section):
    """The gateway's own role. It is written before the role is made.

    Only the gateway of a runtime that callers with IAM reach through nothing else has one.

    Attributes:
        name: The role's name.
        policy: Its policy as it was last written. Another one that is found is drift.
        tags: Its tags as they were last written.
        written: ARN of the execution that last made or changed it: AgentCore may not see that yet.
        idle: No target calls with it any more, so that the gateway may get another role.
    """

    name: str
    policy: dict[str, Any] | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    written: str | None = None
    idle: bool = False
