"""The failures of a fleet: each with a link to its execution, the first ones for the output, all of them in S3."""

from __future__ import annotations

import json
from typing import Any, Literal

from lifecycle.entry import Wire
from lifecycle.fleet.files import Location, put_json

_CONSOLES = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""The console's host by partition; every other partition has that of `aws`."""


class ItemResult(Wire):
    """The result of one environment; `error` and `cause` are those of its lifecycle execution, `link` leads to it."""

    environment: str
    execution: str | None = None
    link: str | None = None
    status: Literal["SUCCEEDED", "FAILED"]
    error: str | None = None
    cause: str | None = None


def console_link(execution: str | None) -> str | None:
    """The page of an execution in the Step Functions console, or None where there was none.

    Args:
        execution: The execution's ARN.
    """
    if execution is None:
        return None
    host, region = console_of(execution)
    return f"https://{host}/states/home?region={region}#/v2/executions/details/{execution}"


def console_of(arn: str) -> tuple[str, str]:
    """The host of AWS's console for a resource, and its Region.

    Args:
        arn: The resource's ARN.
    """
    _, partition, _, region, *_ = [*arn.split(":"), "", "", "", ""]
    return f"{region}.{_CONSOLES.get(partition, 'console.aws.amazon.com')}", region


class Failures:
    """Collects failures as they are read, as lines of JSON: models of all of them would take ten times the memory."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, failure: ItemResult) -> None:
        """Add a failure."""
        linked = failure.model_copy(update={"link": console_link(failure.execution)})
        self._lines.append((failure.environment, linked.model_dump_json(by_alias=True)))

    def first(self, count: int) -> list[ItemResult]:
        """The failures whose environments come first by name."""
        return [ItemResult.model_validate_json(line) for _, line in self._sorted()[:count]]

    def write(self, s3: Any, location: Location, head: dict[str, Any]) -> Location:
        """Write a JSON object with the members of `head` and the array `failures`, a line for each; return where."""
        lines = ",\n".join(line for _, line in self._sorted())
        members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
        body = ",\n".join([*members, f'"failures": [\n{lines}\n]'])
        return put_json(s3, location, f"{{\n{body}\n}}\n")

    def _sorted(self) -> list[tuple[str, str]]:
        self._lines.sort()
        return self._lines
