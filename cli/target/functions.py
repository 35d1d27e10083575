"""The functions of a deployed stack, by their logical ids."""

from __future__ import annotations

from dataclasses import dataclass

from cli.errors import UsageError
from cli.target.deployed import Deployed
from lifecycle.stages import STAGES, TRIGGERS

HANDLERS = {stage.function: stage.handler for stage in (*STAGES, *TRIGGERS)}
"""The handler of each function of `template.yaml`, by the function's logical id."""


@dataclass(frozen=True)
class Function:
    """A function of a stack.

    Attributes:
        name: Its name.
        variables: Its environment variables.
    """

    name: str
    variables: dict[str, str]


def functions_of(place: Deployed) -> dict[str, Function]:
    """Return the functions of a stack by logical id. CloudFormation names each `{stack}-{logical id}-{random}`."""
    begin = f"{place.name}-"
    found = {}
    for page in place.client("lambda").get_paginator("list_functions").paginate():
        for one in page["Functions"]:
            name: str = one["FunctionName"]
            if name.startswith(begin):
                logical_id = name.removeprefix(begin).rpartition("-")[0]
                found[logical_id] = Function(name, one.get("Environment", {}).get("Variables", {}))
    return dict(sorted(found.items()))


def function_of(place: Deployed, logical_id: str) -> Function:
    """Return a function of a stack.

    Raises:
        UsageError: There is none of that logical id. The message lists those that there are.
    """
    known = functions_of(place)
    if logical_id not in known:
        raise UsageError(
            f"{place.label} has no function {logical_id}; functions: {', '.join(known) or 'none'}"
        )
    return known[logical_id]


def functions_that_begin_with(incomplete: str) -> list[str]:
    """Return the functions of the template whose logical ids begin with a text, for completion in a shell."""
    return sorted(name for name in HANDLERS if name.startswith(incomplete))
