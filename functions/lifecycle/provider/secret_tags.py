"""Whose secret it is, by its tags: a secret is read only for the environment or the host that its tags name.

Every function that reads a secret looks at the tags first. The policies say the same as far as IAM can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG, TAG_PREFIX

HOST_TAG = f"{TAG_PREFIX}:smoke-test-host"
"""The tag of a caller's own secret; its value is the hosts that the secret may be used for, with a space between."""
FORMER_TAG = f"{TAG_PREFIX}:smoke-test"
"""The tag of earlier versions, which names no host, so that a secret with it could be sent to any."""

Tags = Mapping[str, str]


def tags_of(secrets: Any, arn: str | None) -> dict[str, str]:
    """The tags of a secret. Its value is not read.

    Raises:
        ClientError: Secrets Manager refuses.
    """
    described = secrets.describe_secret(SecretId=arn)
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}


def is_of(tags: Tags, stack: str, environment: str) -> bool:
    """Tell whether a secret belongs to an environment of a stack."""
    return tags.get(STACK_TAG) == stack and tags.get(ENVIRONMENT_TAG) == environment


def hosts_of(tags: Tags) -> frozenset[str]:
    """The hosts that a caller's own secret may be used for."""
    return frozenset(tags.get(HOST_TAG, "").lower().split())


def refusal(tags: Tags, host: str) -> str | None:
    """Tell why a secret is not read for a provider.

    Args:
        tags: The secret's tags.
        host: The host of the provider's discovery document, in lower case.

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
        return f"has no tag {HOST_TAG}{former}; {how_to_allow(host)}"
    if host not in hosts:
        return (
            f"may be used only for {', '.join(sorted(hosts))}, not for {host}; {how_to_allow(host)}"
        )
    return None


def how_to_allow(host: str) -> str:
    """What the owner of a secret does to allow it for a host."""
    return f"if the secret is meant for this provider, give it the tag {HOST_TAG}={host}"
