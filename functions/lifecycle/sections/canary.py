"""The section of the record about a canary. `lifecycle.canary` makes and removes what it lists."""

from __future__ import annotations

from pydantic import Field

from lifecycle.sections.base import Section


class RuleAttempt(Section):
    """The create of a rule that AgentCore has not answered yet: to repeat it as it was makes no second rule.

    Attributes:
        token: Its client token.
        priority: Of the rule.
        weight: The share of the version, in percent.
        looks: How often a removal has looked for the rule, and the list did not show it.
    """

    token: str
    priority: int
    weight: int
    looks: int = 0


class CanaryRecord(Section):
    """What splits the calls of `live` while a version is tried, recorded before it is made.

    Attributes:
        execution: Which execution began it.
        version: The version that gets a share of the calls.
        live_version: The version that gets the rest.
        gateway_id: The gateway that splits.
        target_id: What AgentCore calls the gateway's second target; null until that was created.
        target_looks: How often a removal has looked for a second target whose create AgentCore has not answered; null
            while there was no such create.
        rule_id: What AgentCore calls the rule; null until that was created.
        rule_attempt: The create of the rule while its answer is not there; null before and after.
        weight: The share of the version, in percent, that the rule was last given; null before.
        begun_at: When the first step began, in seconds since the epoch; what was before is the baseline.
        shifted_at: When the current step began.
        tries: How often a target was made; another number gives another client token.
        repaired: What was left behind and is removed, one phrase each.
    """

    execution: str
    version: str
    live_version: str
    gateway_id: str
    target_id: str | None = None
    target_looks: int | None = None
    rule_id: str | None = None
    rule_attempt: RuleAttempt | None = None
    weight: int | None = None
    begun_at: int | None = None
    shifted_at: int | None = None
    tries: int = 0
    repaired: list[str] = Field(default_factory=list)
