"""The actions on an environment that a dry run comes before, and their inputs."""

from __future__ import annotations

from typing import Any

from cli.errors import UsageError
from lifecycle.record import Record
from lifecycle.request.again import input_again

STEPS = ("rollback", "teardown", "redeploy")
"""The actions, as their addresses name them."""

# The time until an environment expires gets shorter while its owner reads the dry run.
_CHANGES_BY_ITSELF = ("ttlHours", "dryRun")


def input_of(action: str, record: Record, version: str) -> dict[str, Any]:
    """Return the input of an action.

    Args:
        action: One of `STEPS`.
        record: The environment's record.
        version: For a rollback, the version to go back to; empty for the one that was live before.

    Raises:
        UsageError: The environment cannot be redeployed.
    """
    if action == "redeploy":
        again = input_again(record)
        if again is None:
            raise UsageError(
                f"environment {record.environment} cannot be redeployed: no provision is recorded, it is being "
                "removed, or its lifetime ends"
            )
        return again
    value: dict[str, Any] = {"action": action, "environment": record.environment}
    return value | ({"version": version} if action == "rollback" and version else {})


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two inputs ask for the same, one of them as a dry run."""
    return _asked(one) == _asked(other)


def _asked(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in _CHANGES_BY_ITSELF}
