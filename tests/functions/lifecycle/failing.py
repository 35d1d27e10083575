"""Lets one AWS operation of a stage go wrong, as the service would, and runs the stage as the state machine does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

from lifecycle.entry import aws_errors
from lifecycle.errors import HealingError, LifecycleError
from local.edge.fault_errors import declares, fault_error
from local.edge.faults import Fault

KINDS = (
    "throttle",
    "serverError",
    "timeoutBefore",
    "timeoutAfter",
    "accessDenied",
    "conflict",
    "notFound",
)
# Only this does not pass: the others go wrong once.
_FOR_GOOD = "accessDenied"
_TRIES = 8


class Failing:
    """Watches every call of some clients, and lets those of one operation go wrong.

    Attributes:
        seen: Every operation that was called, as service, name, and the kinds that it can go wrong in.
    """

    def __init__(self, service: str = "", operation: str = "", kind: str = "") -> None:
        self.seen: dict[tuple[str, str], list[str]] = {}
        self._at, self._kind, self._left = (service, operation), kind, 1

    @contextmanager
    def watching(self, clients: list[Any]) -> Iterator[None]:
        """Watch boto3 clients."""
        events = {"before-call": self._before, "after-call": self._after}
        for client in clients:
            for event, handler in events.items():
                client.meta.events.register_first(event, handler)
        try:
            yield
        finally:
            for client in clients:
                for event, handler in events.items():
                    client.meta.events.unregister(event, handler)

    def _hits(self, model: Any) -> bool:
        if (model.service_model.service_name, model.name) != self._at or self._left == 0:
            return False
        if self._kind != _FOR_GOOD:
            self._left -= 1
        return True

    def _before(self, model: Any, **_: Any) -> Any:
        service = model.service_model
        self.seen[service.service_name, model.name] = [
            kind for kind in KINDS if declares(kind, service, model.name)
        ]
        if self._kind == "timeoutAfter" or not self._hits(model):
            return None
        if self._kind == "timeoutBefore":
            raise ReadTimeoutError(endpoint_url=model.name)
        fault = Fault(*self._at, self._kind)  # type: ignore[arg-type]
        error = fault_error(fault, service, model.name)
        return SimpleNamespace(status_code=error.status), {
            "Error": {"Code": error.code, "Message": error.message},
            "ResponseMetadata": {"HTTPStatusCode": error.status},
        }

    def _after(self, model: Any, **_: Any) -> None:
        if self._kind == "timeoutAfter" and self._hits(model):
            raise ReadTimeoutError(endpoint_url=model.name)


def ends(work: Callable[[], Any], heal: Callable[[], None] = lambda: None) -> LifecycleError | None:
    """Run a stage as the state machine does: again after an error that heals; returns the error that it ends with."""
    last: LifecycleError | None = None
    for _ in range(_TRIES):
        try:
            with aws_errors():
                work()
        except HealingError as error:
            last = error
            heal()
        except LifecycleError as error:
            return error
        else:
            return None
    return last


def problem(operation: str, kind: str, error: LifecycleError | None) -> str | None:
    """Why an end is not allowed: only success, or an error of ours that names the operation, is."""
    if error is None or operation in str(error):
        return None
    if kind.startswith("timeout"):
        return f"a lost answer must heal: {type(error).__name__}: {error}"
    return f"the error does not name it: {type(error).__name__}: {error}"
