"""The part of boto3's `stepfunctions` client that the command uses."""

from __future__ import annotations

from typing import Any, Protocol


class StepFunctions(Protocol):
    """boto3's `stepfunctions` client, of AWS or of the local AWS."""

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        """Start an execution."""

    def stop_execution(self, **arguments: Any) -> dict[str, Any]:
        """Stop an execution."""

    def describe_execution(self, **arguments: Any) -> dict[str, Any]:
        """Return status, output, error and cause."""

    def get_execution_history(self, **arguments: Any) -> dict[str, Any]:
        """Return one page of events."""
