"""How an IAM role of an environment must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG, role_name, role_path, tags

INLINE_POLICY = "environment"
"""The name of the only inline policy of such a role."""
AGENTCORE = "bedrock-agentcore.amazonaws.com"

Policy = dict[str, Any]


@dataclass(frozen=True)
class WantedRole:
    """A role that belongs to one environment.

    Attributes:
        name: Its name, from `names.role_name`.
        path: Its path, from `names.role_path`.
        trust: Who may assume it.
        policy: Its inline policy: what it may do in this environment.
        boundary: ARN of the permissions boundary. The template has it, and no role can do more than it allows.
        tags: Its tags, with those of stack and environment.
        attached: ARNs of the managed policies that it has, and no others.
    """

    name: str
    path: str
    trust: Policy
    policy: Policy
    boundary: str
    tags: Mapping[str, str]
    attached: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls,
        stack: str,
        environment: str,
        purpose: str,
        *,
        trust: Policy,
        policy: Policy,
        boundary: str,
        tags_too: Mapping[str, str] | None = None,
        attached: frozenset[str] = frozenset(),
    ) -> WantedRole:
        """The role of an environment for one purpose, such as `agent` or `gateway`.

        Args:
            stack: The stack's name.
            environment: Which environment.
            purpose: What its name ends with.
            trust: As the attribute.
            policy: As the attribute.
            boundary: As the attribute.
            tags_too: Tags besides those of stack and environment.
            attached: As the attribute.
        """
        return cls(
            name=role_name(stack, environment, purpose),
            path=role_path(stack),
            trust=trust,
            policy=policy,
            boundary=boundary,
            tags=tags(stack, environment) | dict(tags_too or {}),
            attached=attached,
        )

    @property
    def owner(self) -> Mapping[str, str]:
        """The tags by which the role is known as the environment's."""
        return {key: self.tags[key] for key in (STACK_TAG, ENVIRONMENT_TAG)}


def policy_of(*statements: Policy) -> Policy:
    """A policy document of some statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust_of(account: str, source: str) -> Policy:
    """Let AgentCore assume a role, only for this account.

    Source: AgentCore developer guide, "IAM permissions for AgentCore Runtime": trust policy.

    Args:
        account: The account's id.
        source: Pattern of the ARN of the resource that AgentCore assumes it for.
    """
    return policy_of(
        {
            "Effect": "Allow",
            "Principal": {"Service": AGENTCORE},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": source},
            },
        }
    )
