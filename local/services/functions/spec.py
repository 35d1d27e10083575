"""A function of the stack, and its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class FunctionSpec:
    """A function as its template describes it.

    Attributes:
        logical_id: Its name in the template, and the name of its principal.
        name: `FunctionName`.
        arn: Its ARN, unqualified.
        handler: `module.function`.
        code: The folder with its code, laid out as in `/var/task`.
        role_arn: The role it acts in.
        environment: Variables of the template, resolved.
        timeout: Seconds.
        memory_mb: Reported to the function, not enforced.
        log_group: CloudWatch Logs group.
        json_logs: Whether `LoggingConfig.LogFormat` is JSON.
        log_level: `LoggingConfig.ApplicationLogLevel`, if set.
        opt: The folder that replaces `/opt` (its layers copied over each other), if any.
        dead_letter_arn: The queue for events that it failed on, if any.
    """

    logical_id: str
    name: str
    arn: str
    handler: str
    code: Path
    role_arn: str
    environment: dict[str, str] = field(default_factory=dict)
    timeout: float = 3.0
    memory_mb: int = 128
    log_group: str = ""
    json_logs: bool = False
    log_level: str | None = None
    opt: Path | None = None
    dead_letter_arn: str | None = None


def plain_name(name: str) -> str:
    """Return the function's name out of a name, an ARN or a partial ARN.

    The forms are those of `FunctionName` in the Lambda API reference.
    """
    parts = name.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]
