"""Remove a credential provider, unless it is somebody else's."""

from __future__ import annotations

from typing import Any

from lifecycle.credentials import calls
from lifecycle.credentials.owner import is_ours
from lifecycle.errors import ServiceUnavailableError
from lifecycle.sections.credentials import ProviderRecord


def remove_provider(control: Any, provider: ProviderRecord, stack: str, environment: str) -> bool:
    """Remove a provider. The caller's own secret stays.

    Args:
        control: AgentCore's control plane.
        provider: What the record has.
        stack: The stack's name.
        environment: Which environment.

    Returns:
        Whether there was one to remove; False also for somebody else's.

    Raises:
        ServiceUnavailableError: AgentCore is not done yet, or does not show yet whose it is.
    """
    observed = calls.get_provider(control, provider.type, provider.name)
    if observed is None or not is_ours(control, observed, provider, stack, environment):
        return False
    if observed.get("status") != "DELETING":
        calls.delete_provider(control, provider.type, provider.name)
    left = calls.get_provider(control, provider.type, provider.name)
    if left is not None:
        raise ServiceUnavailableError(
            f"the {calls.label(provider)} is still there, with status {left.get('status', 'unknown')}; the lifecycle "
            "retries this step"
        )
    return True
