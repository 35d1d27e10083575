"""Faults on demand: what is to go wrong, where, and how often."""

from __future__ import annotations

import difflib
import math
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from local.edge.credentials import PrincipalKind

FaultKind = Literal[
    "throttle",
    "serverError",
    "timeoutBefore",
    "timeoutAfter",
    "delayBefore",
    "delayAfter",
    "accessDenied",
    "conflict",
    "notFound",
    "delayedState",
    "failureState",
    "crashBefore",
    "crashAfter",
    "functionTimeout",
]

FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)
"""Every kind, in the order of the documentation."""

DELAY_KINDS: frozenset[str] = frozenset({"delayBefore", "delayAfter"})
"""The kinds by which the gateway makes a call wait, which is carried out all the same."""

FUNCTION_KINDS: frozenset[str] = frozenset({"crashBefore", "crashAfter", "functionTimeout"})
"""The kinds that happen to a function: service `lambda`, operation `Invoke`."""

STATE_KINDS: frozenset[str] = frozenset({"delayedState", "failureState"})
"""The kinds that happen to an AgentCore state, whoever's call began it."""

GATEWAY_KINDS: frozenset[str] = frozenset(FAULT_KINDS) - DELAY_KINDS - FUNCTION_KINDS - STATE_KINDS
"""The kinds that the gateway itself serves with an error or without an answer, for every service."""

_CHANGES = ("Create", "Update", "Delete")
STATE_OPERATIONS: tuple[str, ...] = (
    *(f"{verb}{of}" for of in ("Gateway", "GatewayTarget") for verb in _CHANGES),
    "SynchronizeGatewayTargets",
    *(f"{verb}{of}" for of in ("AgentRuntime", "AgentRuntimeEndpoint") for verb in _CHANGES),
)
"""Operations of `bedrock-agentcore-control` that begin such a state."""

_OF_KIND: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(STATE_KINDS, ("bedrock-agentcore-control", STATE_OPERATIONS)),
    **dict.fromkeys(FUNCTION_KINDS, ("lambda", ("Invoke",))),
}
"""The one service, and its operations, that a kind is for; the gateway's kinds are for all."""


_MOST_HINTS = 3
_TELLING = 4
"""Letters of a name from which on those names are close that have them in the middle."""


class ImpossibleFaultError(ValueError):
    """The fault would never hit a call."""


class UnknownFaultError(LookupError):
    """No fault with this id is planned."""


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
            much a call or a state is delayed.
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
        if self.seconds is not None and not 0 <= self.seconds < math.inf:
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
    """The faults still to come; safe between threads.

    Attributes:
        callers: Gives every principal that may call, by name; without it any name is taken.
    """

    def __init__(self) -> None:
        self.callers: Callable[[], Mapping[str, PrincipalKind]] | None = None
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        # Imported late, as below: the command names the kinds, and needs neither models nor werkzeug.
        from local.edge.operations import Operations

        self._operations = Operations()

    def add(self, fault: Fault) -> Fault:
        """Plan a fault, and return it.

        Raises:
            ImpossibleFaultError: It could never hit a call; with what is allowed instead.
        """
        self._check_place(fault)
        self._check_caller(fault)
        if fault.kind in ("delayedState", *DELAY_KINDS) and not fault.seconds:
            raise ImpossibleFaultError(f"{fault.kind} needs seconds, more than 0: how much longer")
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self, id: str | None = None) -> None:  # noqa: A002 - the field's own name
        """Forget one fault, or all of them without an id.

        Raises:
            UnknownFaultError: No fault of this id is planned, or it has hit as often as it was to.
        """
        with self._lock:
            left = [] if id is None else [fault for fault in self._faults if fault.id != id]
            if id is not None and len(left) == len(self._faults):
                planned = ", ".join(fault.id for fault in left) or "none"
                raise UnknownFaultError(
                    f"no fault {id} is planned (one that has hit is gone); planned: {planned}"
                )
            self._faults = left

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

    def _check_place(self, fault: Fault) -> None:
        service, operation = fault.service, fault.operation
        model = self._operations.service(service)
        if service != "*" and model is None:
            raise ImpossibleFaultError(_unknown_service(service))
        if fault.kind in _OF_KIND:
            its_service, its_operations = _OF_KIND[fault.kind]
            if service not in ("*", its_service) or operation not in ("*", *its_operations):
                raise ImpossibleFaultError(
                    f"{fault.kind} is for {its_service}'s {_either(its_operations)}, "
                    f"not for {service} {operation}"
                )
        elif operation != "*" and model is None:
            raise ImpossibleFaultError(f"the operation {operation} needs its service, not *")
        elif operation != "*" and operation not in (known := self._operations.names(service)):
            raise ImpossibleFaultError(
                f"{service} has no operation {operation}"
                f"{_meant(operation, known) or '; it has ' + ', '.join(known)}"
            )

    def _check_caller(self, fault: Fault) -> None:
        if fault.caller is None:
            return
        if fault.kind in STATE_KINDS:
            raise ImpossibleFaultError(f"{fault.kind} has no caller: it hits whoever calls")
        if self.callers is None:
            return
        callers = self.callers()
        of_functions = fault.kind in FUNCTION_KINDS
        known = [name for name, kind in callers.items() if kind == "function" or not of_functions]
        if fault.caller not in known:
            what = "function" if of_functions else "caller"
            # A stack has more roles than people care to read, and most of them are its functions'.
            there_are = ", ".join(name for name in known if callers[name] != "role")
            raise ImpossibleFaultError(
                f"there is no {what} {fault.caller}"
                f"{_meant(fault.caller, known) or f'; there are {there_are}'}"
                f"{'' if of_functions else '; the name of a role will do, too'}"
            )


def _unknown_service(name: str) -> str:
    from local.edge.operations import SERVICES_BY_SIGNING_NAME
    from local.edge.service_models import reading_session

    known = reading_session().get_available_services()
    by_signature = " or ".join(SERVICES_BY_SIGNING_NAME.get(name, ()))
    hint = f"; did you mean {by_signature}?" if by_signature else _meant(name, known)
    return (
        f"there is no service {name}"
        f"{hint or '; a service has its name in boto3, such as s3, lambda, stepfunctions; * is any'}"
    )


def _meant(given: str, known: Iterable[str]) -> str:
    """Return a question for the names that are close, in whatever case; empty if there is none."""
    by_lower = {name.lower(): name for name in known}
    holding = [name for name in by_lower if len(given) >= _TELLING and given.lower() in name]
    close = holding[:_MOST_HINTS] or difflib.get_close_matches(given.lower(), by_lower, _MOST_HINTS)
    return f"; did you mean {_either([by_lower[name] for name in close])}?" if close else ""


def _either(names: Collection[str]) -> str:
    return " or ".join(filter(None, (", ".join([*names][:-1]), [*names][-1])))
