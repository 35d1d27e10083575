"""Why a delivery failed, as EventBridge and EventBridge Scheduler describe it in a dead-letter queue.

Sources: EventBridge user guide, "Using dead-letter queues to process undelivered events"; EventBridge Scheduler user
guide, "Configuring a schedule's dead-letter queue".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_AT_ONCE = ("NO_PERMISSIONS", "NO_RESOURCE", "INVALID_JSON", "INTERNAL_ERROR")
"""Errors that a retry cannot fix: the event goes to the dead-letter queue at once."""

_CODES = {
    "NO_PERMISSIONS": r"AccessDenied|AuthorizationError|NotAuthorized",
    "NO_RESOURCE": r"NotFound|DoesNotExist|NonExistent",
    "THROTTLING": r"Throttl|TooManyRequests|RequestLimitExceeded",
    "INVALID_JSON": r"InvalidExecutionInput|InvalidRequestContent",
}


@dataclass(frozen=True)
class Failure:
    """How the attempts to reach a target failed.

    Attributes:
        code: The service's word for it, such as `NO_RESOURCE`.
        target_code: The target's own error code.
        message: The target's own message.
    """

    code: str
    target_code: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Read what was raised."""
        if isinstance(error, ClientError):
            said = error.response.get("Error", {})
            code = str(said.get("Code", "Unknown"))
            found = (name for name, words in _CODES.items() if re.search(words, code))
            return cls(next(found, "ERROR_FROM_TARGET"), code, said.get("Message") or str(error))
        name = type(error).__name__
        code = "CONNECTION_FAILURE" if isinstance(error, BotoCoreError) else "INTERNAL_ERROR"
        return cls(code, name, str(error) or name)

    @property
    def final(self) -> bool:
        """Say whether no other attempt is made."""
        return self.code in _AT_ONCE


def attributes(
    failure: Failure,
    *,
    target: Mapping[str, Any],
    event: Mapping[str, Any],
    source_arn: str,
    retries: int,
) -> dict[str, dict[str, str]]:
    """Return the attributes of the message, as SQS takes them.

    Args:
        failure: What the last attempt ended with.
        target: The target.
        event: The event; of a schedule, the one that was made for this moment.
        source_arn: ARN of the rule or the schedule.
        retries: How many attempts there were after the first.
    """
    schedule = source_arn.split(":")[2] == "scheduler"
    values = {
        "TARGET_ARN": target["Arn"],
        # A schedule shows what its target said, a rule a word of its own.
        "ERROR_CODE": failure.target_code if schedule else failure.code,
        "ERROR_MESSAGE": failure.message,
        "RETRY_ATTEMPTS": str(retries),
    }
    if not failure.final:
        values["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
    if schedule:
        values |= {
            "SCHEDULE_ARN": source_arn,
            "SCHEDULED_TIME": event["time"],
            "EXECUTION_ID": event["id"],
            "IS_PAYLOAD_TRUNCATED": "false",
        }
    else:
        values["RULE_ARN"] = source_arn
    return {name: {"DataType": "String", "StringValue": text} for name, text in values.items()}
