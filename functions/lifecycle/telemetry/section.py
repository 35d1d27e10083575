"""The section of the record about the delivery of logs and traces. `lifecycle.observability` makes what it lists."""

from __future__ import annotations

from pydantic import Field

from lifecycle.sections.base import Section


class Repairs(Section):
    """The drift that an execution has found and repaired, one phrase each."""

    execution: str
    repaired: list[str] = Field(default_factory=list)


class TelemetryRecord(Section):
    """What delivers the logs and traces of the environment's runtime.

    It is written before the first of it is made. The names follow from the environment, so only what AWS makes up is
    kept.

    Attributes:
        log_group: The log group that logs are delivered to.
        runtime_arn: The runtime that is delivered from; null until everything was made once.
        deliveries: The id of each delivery, by its log type; empty until everything was made once.
        tags: The tags last written.
        repairs: What the last execution that found drift did about it.
    """

    log_group: str
    runtime_arn: str | None = None
    deliveries: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    repairs: Repairs | None = None
