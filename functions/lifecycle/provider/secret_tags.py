"""Whose secret it is, by its tags: a secret is read only for the environments and hosts that its tags name.

Every function that reads a secret looks at the tags first. The policies say the same as far as IAM can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG, TAG_PREFIX

HOST_TAG = f"{TAG_PREFIX}:smoke-test-host"
"""The tag of a caller's own secret; its value is the hosts that the secret may be used for, with a space between."""
ENVIRONMENTS_TAG = f"{TAG_PREFIX}:smoke-test-environments"
"""The tag of a caller's own secret that says who may use it: `<stack>/<environment>`, with a space between each.

`...` at the end stands for any rest of the name: not every service takes `*` in a tag.
"""
FORMER_TAG = f"{TAG_PREFIX}:smoke-test"
"""The tag of earlier versions, which names no host, so that a secret with it could be sent to any."""

Tags = Mapping[str, str]
_ANY_REST = "..."


@dataclass(frozen=True)
class Use:
    """What a caller's own secret is to be used for.

    Attributes:
        host: The host of the provider's discovery document, in lower case.
        stack: The stack's name.
        environment: The environment's name.
    """

    host: str
    stack: str
    environment: str

    @property
    def user(self) -> str:
        """Who uses it, as the tag names it."""
        return f"{self.stack}/{self.environment}"


def tags_of(secrets: Any, arn: str | None) -> dict[str, str]:
    """The tags of a secret. Its value is not read.

    Raises:
        ClientError: Secrets Manager refuses.
    """
    return described(secrets, arn)[1]


def described(secrets: Any, arn: str | None) -> tuple[str, dict[str, str]]:
    """The whole ARN and the tags of a secret. Its value is not read.

    Raises:
        ClientError: Secrets Manager refuses.
    """
    seen = secrets.describe_secret(SecretId=arn)
    return seen["ARN"], {tag["Key"]: tag["Value"] for tag in seen.get("Tags", [])}


def is_of(tags: Tags, stack: str, environment: str) -> bool:
    """Tell whether a secret belongs to an environment of a stack."""
    return tags.get(STACK_TAG) == stack and tags.get(ENVIRONMENT_TAG) == environment


def hosts_of(tags: Tags) -> frozenset[str]:
    """The hosts that a caller's own secret may be used for."""
    return frozenset(tags.get(HOST_TAG, "").lower().split())


def refusal(tags: Tags, use: Use) -> str | None:
    """Tell why a secret is not read for an environment and its provider.

    Args:
        tags: The secret's tags.
        use: What it is to be used for.

    Returns:
        What is wrong with the secret, and what to do; None if its tags allow it.
    """
    if STACK_TAG in tags or ENVIRONMENT_TAG in tags:
        return (
            "belongs to an environment, and no other environment may use it; name a secret of your own, without the "
            f"tags {STACK_TAG} and {ENVIRONMENT_TAG}"
        )
    hosts = hosts_of(tags)
    if not hosts:
        former = (
            f" (the tag {FORMER_TAG}=allowed no longer suffices, because it names no host)"
            if FORMER_TAG in tags
            else ""
        )
        return f"has no tag {HOST_TAG}{former}; {how_to_allow(use)}"
    if use.host not in hosts:
        return f"may be used only for {', '.join(sorted(hosts))}, not for {use.host}; {how_to_allow(use)}"
    # Nothing of the tag in the message: whom else the secret is for is its owner's business.
    users = tags.get(ENVIRONMENTS_TAG, "").split()
    if not users:
        return f"has no tag {ENVIRONMENTS_TAG}; {how_to_allow(use)}"
    if not any(names_user(user, use) for user in users):
        return f"has a tag {ENVIRONMENTS_TAG} without {use.user}; {how_to_allow(use)}"
    return None


def how_to_allow(use: Use) -> str:
    """What the owner of a secret does to allow it."""
    return (
        f"if the secret is meant for this provider and environment, its owner gives it the tags {HOST_TAG}={use.host} "
        f"and {ENVIRONMENTS_TAG}={use.user}"
    )


def names_user(user: str, use: Use) -> bool:
    """Tell whether a word of a tag names a stack and an environment."""
    stack, _, environment = user.partition("/")
    if stack != use.stack:
        return False
    if environment.endswith(_ANY_REST):
        return use.environment.startswith(environment.removesuffix(_ANY_REST))
    return environment == use.environment
