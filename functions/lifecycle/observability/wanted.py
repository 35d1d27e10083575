"""What delivers the logs and traces of an environment's runtime: names, ARNs and which belongs to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lifecycle import names

LogType = Literal["APPLICATION_LOGS", "USAGE_LOGS", "TRACES"]
"""What a runtime sends. Source: CloudWatch Logs API reference, PutDeliverySource."""
Kind = Literal["CWL", "XRAY"]
"""The type of a delivery destination: CloudWatch Logs or X-Ray."""

SPANS = "aws/spans"
"""The log group in which Transaction Search keeps the spans of X-Ray."""
_SOURCES: dict[LogType, str] = {
    "APPLICATION_LOGS": "logs",
    "USAGE_LOGS": "usage",
    "TRACES": "traces",
}
_DESTINATIONS: dict[Kind, str] = {"CWL": "logs", "XRAY": "traces"}
LOG_TYPES = tuple(_SOURCES)


@dataclass(frozen=True)
class Wanted:
    """The names of everything, derived from stack and environment.

    Attributes:
        stack: The stack.
        environment: The environment.
        partition: Of every ARN.
        region: The Region.
        account: The account.
    """

    stack: str
    environment: str
    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, stack: str, environment: str, execution: str) -> Wanted:
        """What is wanted in the partition, Region and account of an execution, given by its ARN."""
        _, partition, _, region, account = f"{execution}:::::".split(":")[:5]
        return cls(stack, environment, partition, region, account)

    @property
    def log_group(self) -> str:
        """The name of the log group."""
        return names.telemetry_log_group(self.stack, self.environment)

    @property
    def log_group_arn(self) -> str:
        """The ARN of the log group, without `:*`."""
        return self._arn(f"log-group:{self.log_group}")

    @property
    def destinations(self) -> dict[Kind, str]:
        """The name of the delivery destination of each type."""
        return {kind: self._name(end) for kind, end in _DESTINATIONS.items()}

    @property
    def sources(self) -> dict[LogType, str]:
        """The name of the delivery source of each log type."""
        return {log_type: self._name(end) for log_type, end in _SOURCES.items()}

    def destination_of(self, log_type: LogType) -> str:
        """The ARN of the delivery destination of a log type: traces go to X-Ray."""
        return self.destination_arn("XRAY" if log_type == "TRACES" else "CWL")

    def destination_arn(self, kind: Kind) -> str:
        """The ARN of a delivery destination."""
        return self._arn(f"delivery-destination:{self.destinations[kind]}")

    def source_arn(self, log_type: LogType) -> str:
        """The ARN of a delivery source."""
        return self._arn(f"delivery-source:{self.sources[log_type]}")

    def delivery_arn(self, delivery_id: str) -> str:
        """The ARN of a delivery."""
        return self._arn(f"delivery:{delivery_id}")

    def _name(self, end: str) -> str:
        return names.telemetry_name(self.stack, self.environment, end)

    def _arn(self, resource: str) -> str:
        return f"arn:{self.partition}:logs:{self.region}:{self.account}:{resource}"
