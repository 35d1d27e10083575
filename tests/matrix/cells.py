"""The cells of the failure matrix: what goes wrong, in which call of which function, in which scenario."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from local.edge.fault_errors import declares
from local.edge.faults import Fault
from local.edge.operations import Operations

CALL_KINDS = (
    "throttle",
    "serverError",
    "timeoutBefore",
    "timeoutAfter",
    "accessDenied",
    "conflict",
    "notFound",
)
FUNCTION_KINDS = ("crashBefore", "crashAfter", "functionTimeout")
# What is an answer and no failure: this event has started its execution already, and there is nothing to do.
_ANSWERS = frozenset({("StartExecution", "conflict")})
# Only these do not pass: the others go wrong once.
_FOR_GOOD = frozenset({"accessDenied"})


@dataclass(frozen=True, order=True)
class Call:
    """An operation that a function called in a scenario.

    Attributes:
        scenario: The scenario's name.
        function: The function's logical id.
        service: botocore's name of the service.
        operation: botocore's name of the operation.
    """

    scenario: str
    function: str
    service: str
    operation: str


@dataclass(frozen=True, order=True)
class Cell:
    """A call, and what goes wrong with it."""

    scenario: str
    function: str
    service: str
    operation: str
    kind: str

    @property
    def id(self) -> str:
        """Such as `provision/ProvisionIdentityFunction/cognito-idp:CreateUserPool/throttle`."""
        return f"{self.scenario}/{self.function}/{self.service}:{self.operation}/{self.kind}"

    def fault(self) -> Fault:
        """What to plan on the local AWS."""
        times = 0 if self.kind in _FOR_GOOD else 1
        return Fault(
            self.service,
            self.operation,
            self.kind,  # type: ignore[arg-type]
            times=times,
            caller=self.function,
        )

    def as_dict(self) -> dict[str, Any]:
        """The cell as plain JSON values."""
        return asdict(self)


def cells_of(calls: Iterable[Call]) -> list[Cell]:
    """Every cell of some calls.

    Their order is fixed. What a function has not met yet comes before what it has met in another scenario, and any
    first part is spread over all scenarios, functions and kinds.
    """
    operations = Operations()
    found = set()
    for call in calls:
        model = operations.service(call.service)
        assert model is not None
        for kind in CALL_KINDS:
            answer = (call.operation, kind) in _ANSWERS
            if declares(kind, model, call.operation) and not answer:
                found.add(Cell(call.scenario, call.function, call.service, call.operation, kind))
        for kind in FUNCTION_KINDS:
            found.add(Cell(call.scenario, call.function, "lambda", "Invoke", kind))
    spread = sorted(found, key=lambda cell: hashlib.sha256(cell.id.encode()).hexdigest())
    met: Counter[tuple[str, ...]] = Counter()
    turns = []
    for cell in spread:
        what = (cell.function, cell.service, cell.operation, cell.kind)
        turns.append(met[what])
        met[what] += 1
    return [cell for _, cell in sorted(zip(turns, spread, strict=True), key=lambda one: one[0])]
