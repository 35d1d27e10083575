"""Whose a credential provider is."""

from __future__ import annotations

import time
from typing import Any

from lifecycle.credentials import calls
from lifecycle.errors import ServiceUnavailableError
from lifecycle.names import TAG_PREFIX
from lifecycle.runtime import agentcore
from lifecycle.sections.credentials import ProviderRecord

_TAGS_COME_SECONDS = 600


def is_ours(
    control: Any,
    observed: dict[str, Any],
    provider: ProviderRecord,
    stack: str,
    environment: str,
) -> bool:
    """Tell whether a provider that the record lists has the tags of stack and environment.

    Args:
        control: AgentCore's control plane.
        observed: The answer of the get.
        provider: What the record has.
        stack: The stack's name.
        environment: Which environment.

    Raises:
        ServiceUnavailableError: It may be the one whose create was not answered, and its tags are not visible yet. Or
            AgentCore does not find the tags of a provider that it shows.
    """
    tags = tags_of(control, observed, provider.name)
    if agentcore.is_ours(tags, stack, environment):
        return True
    if provider.arn is None and _may_get_tags(observed, tags):
        raise ServiceUnavailableError(
            f"the {calls.label(provider)} has no tags yet that say who created it; the lifecycle retries this step"
        )
    return False


def tags_of(control: Any, observed: dict[str, Any], name: str) -> dict[str, str]:
    """Read the tags of a provider that AgentCore has just shown.

    Args:
        control: AgentCore's control plane.
        observed: The answer of the get.
        name: The provider's name.

    Raises:
        ServiceUnavailableError: AgentCore does not find them. Without them it would look like somebody else's.
    """
    tags = agentcore.find_tags(control, observed["credentialProviderArn"])
    if tags is None:
        raise ServiceUnavailableError(
            f"AgentCore shows the credential provider {name}, and ListTagsForResource does not find it; the lifecycle "
            "retries this step"
        )
    return tags


def _may_get_tags(observed: dict[str, Any], tags: dict[str, str]) -> bool:
    """How late the tags of a new provider are is not documented."""
    young = time.time() - observed["createdTime"].timestamp() < _TAGS_COME_SECONDS
    return young and not any(key.startswith(f"{TAG_PREFIX}:") for key in tags)
