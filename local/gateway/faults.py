"""Faults on demand: what is to go wrong, where, and how often."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

FaultKind = Literal[
    "throttle",
    "serverError",
    "timeoutBefore",
    "timeoutAfter",
    "accessDenied",
    "conflict",
    "delayedState",
    "failureState",
    "crashBefore",
    "crashAfter",
    "functionTimeout",
]

FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)
"""Every kind, in the order of the documentation."""

GATEWAY_KINDS: frozenset[str] = frozenset(
    {"throttle", "serverError", "timeoutBefore", "timeoutAfter", "accessDenied", "conflict"}
)
"""The kinds that the gateway itself serves, for every service."""

FUNCTION_KINDS: frozenset[str] = frozenset({"crashBefore", "crashAfter", "functionTimeout"})
"""The kinds that happen to a function: service `lambda`, operation `Invoke`."""


@dataclass(frozen=True)
class Fault:
    """One thing that is to go wrong.

    Attributes:
        service: botocore's service name, `*` for any.
        operation: botocore's operation name, `*` for any.
        kind: What happens, see `FaultKind`.
        times: How many calls it hits; 0 means until it is cleared.
        reason: Text for the error message or the failure reason; `None` for a default text.
        seconds: How long a connection is held before it is cut (a time-out; default 0), or by how
            much a state is delayed.
        caller: Hits only calls of this principal (a function's logical id); `None` for any.
        id: Names the fault, to clear it.
        status: HTTP status of a `serverError`, 500 to 599.
    """

    service: str
    operation: str
    kind: FaultKind
    times: int = 1
    reason: str | None = None
    seconds: float | None = None
    caller: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    status: int = 500

    def __post_init__(self) -> None:
        """Refuse what can never happen.

        Raises:
            ValueError: For an unknown kind, a number below 0, or a status that is no server error.
        """
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"kind is one of {', '.join(FAULT_KINDS)}, not {self.kind!r}")
        if self.times < 0:
            raise ValueError("times is 1 or more, or 0 for: until cleared")
        if self.seconds is not None and self.seconds < 0:
            raise ValueError("seconds is 0 or more")
        if not 500 <= self.status <= 599:
            raise ValueError("status is 500 to 599")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Fault:
        """Read a fault from plain JSON values.

        Raises:
            ValueError: With the name of a field that is unknown, missing, or of a wrong type.
        """
        types: dict[str, tuple[type, ...]] = {
            "service": (str,),
            "operation": (str,),
            "kind": (str,),
            "times": (int,),
            "reason": (str, type(None)),
            "seconds": (int, float, type(None)),
            "caller": (str, type(None)),
            "id": (str,),
            "status": (int,),
        }
        for name, value in values.items():
            if name not in types:
                raise ValueError(f"unknown field {name!r}; the fields are {', '.join(types)}")
            if not isinstance(value, types[name]) or isinstance(value, bool):
                raise ValueError(f"the field {name!r} has a value of the wrong type")  # noqa: TRY004
        missing = {"service", "operation", "kind"} - set(values)
        if missing:
            raise ValueError(f"missing field {', '.join(sorted(missing))}")
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as plain JSON values."""
        return asdict(self)

    def hits(self, service: str, operation: str | None, caller: str | None) -> bool:
        """Say whether a call of this caller is one that the fault is meant for."""
        return (
            self.service in ("*", service)
            and self.operation in ("*", operation)
            and self.caller in (None, caller)
        )


class FaultPlan:
    """The faults still to come; safe between threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Plan a fault, and return it."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self, id: str | None = None) -> None:  # noqa: A002 - the field's own name
        """Forget one fault, or all of them without an id. An unknown id changes nothing."""
        with self._lock:
            self._faults = [] if id is None else [f for f in self._faults if f.id != id]

    def list(self) -> list[Fault]:
        """Return what is still planned, with the calls left in `times`, oldest first."""
        with self._lock:
            return [*self._faults]

    def take(
        self,
        service: str,
        operation: str | None,
        kinds: Collection[str],
        caller: str | None = None,
    ) -> Fault | None:
        """Return the first planned fault for this call, and count it down.

        Args:
            service: botocore's service name.
            operation: botocore's operation name; only a fault for `*` hits an unknown one.
            kinds: The kinds that the asker can serve.
            caller: The name of the principal that calls.
        """
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.kind not in kinds or not fault.hits(service, operation, caller):
                    continue
                if fault.times == 1:
                    del self._faults[index]
                elif fault.times > 1:
                    self._faults[index] = replace(fault, times=fault.times - 1)
                return fault
        return None
