"""What the record knows of an MCP gateway besides what it knows of any gateway."""

from __future__ import annotations

import time
from typing import Any

from pydantic import Field

from lifecycle.sections.base import Section


class McpRecord(Section):
    """The targets and the role of an MCP gateway. It is written before the first of them is created.

    Attributes:
        asked: The section `gateway` of the last request: a rollback keeps it, and its test is made from it.
        role: The name of the gateway's own role.
        targets: What AgentCore calls each target, by its name.
        begun: Names of targets whose creation was begun, and whose answer the record does not have: they may be there.
            One that is not wanted any more stays here until it was seen, or not seen an hour after the last was begun.
        begun_at: When the last of these was begun, in seconds since the epoch.
        tools: How many tools each target has at least, by its name.
        providers: ARNs of the credential providers that a target may have: those that are to be written and, until
            all targets are ready, those of before.
        policy: The role's policy as it was last written. Another one that is found is drift.
        role_tags: The role's tags as they were last written.
        role_written: ARN of the execution that last made or changed the role: AgentCore may not see that yet.
        tries: How often that execution has made a failed target anew for this reason, by the target's name.
    """

    asked: dict[str, Any]
    role: str
    targets: dict[str, str] = Field(default_factory=dict)
    begun: list[str] = Field(default_factory=list)
    begun_at: int | None = None
    tools: dict[str, int] = Field(default_factory=dict)
    providers: list[str] = Field(default_factory=list)
    policy: dict[str, Any] | None = None
    role_tags: dict[str, str] = Field(default_factory=dict)
    role_written: str | None = None
    tries: dict[str, int] = Field(default_factory=dict)

    @property
    def ours(self) -> set[str]:
        """The names of the targets that are or may be there because an execution made them."""
        return {*self.targets, *self.begun}

    def begin(self, name: str) -> None:
        """Note that a target is about to be made."""
        if name not in self.begun:
            self.begun = [*self.begun, name]
        self.begun_at = int(time.time())

    def refused(self, name: str) -> None:
        """Note that the creation which was begun made nothing."""
        self.begun = [each for each in self.begun if each != name]

    def made(self, name: str, target_id: str) -> None:
        """Note what AgentCore calls a target."""
        self.targets[name] = target_id
        self.begun = [each for each in self.begun if each != name]

    def forget(self, name: str) -> None:
        """Note that a target is gone."""
        self.targets.pop(name, None)
        self.begun = [each for each in self.begun if each != name]

    def is_begun(self, name: str, seconds: int) -> bool:
        """Whether a creation that was not answered was begun less than so many seconds ago."""
        return name in self.begun and time.time() - (self.begun_at or 0) < seconds
