"""What is to be brought to CloudWatch Logs, for whoever makes a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle.errors import ObservabilityError
from lifecycle.observability import vended
from lifecycle.observability.ledger import TelemetryLedger
from lifecycle.observability.wanted import Wanted
from lifecycle.runtime.agentcore import is_ours


@dataclass(frozen=True)
class Target:
    """What is wanted, and where it is noted.

    Attributes:
        logs: CloudWatch Logs.
        wanted: The names.
        ledger: Where changes are recorded before they are made.
        runtime_arn: The runtime.
        tags: The tags of everything.
        retention_days: How long the log group keeps logs.
    """

    logs: Any
    wanted: Wanted
    ledger: TelemetryLedger
    runtime_arn: str
    tags: dict[str, str]
    retention_days: int

    def refuse_foreign(self, what: str, arn: str) -> None:
        """Leave alone what has our name and is somebody else's.

        Args:
            what: The kind and the name.
            arn: The resource, which exists.

        Raises:
            ObservabilityError: Not everything was there once, and its tags do not say that it is the environment's.
        """
        if self.ledger.is_complete:
            return
        wanted = self.wanted
        if not is_ours(vended.tags_of(self.logs, arn), wanted.stack, wanted.environment):
            raise ObservabilityError(
                f"the {what} is there already, and its tags do not say that stack {wanted.stack} created it for "
                f"environment '{wanted.environment}'; delete it, or provision with observability false"
            )
