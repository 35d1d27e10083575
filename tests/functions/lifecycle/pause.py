"""Holds a function in the middle of its work, right before one of its AWS calls is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_READING = ("Get", "List", "Describe", "BatchGet", "Head")
_LONGEST = 60.0


class Pause:
    """Counts the calls that write, other than to the record, and holds the one that it is set to.

    Attributes:
        calls: The operations so far, in order.
        reached: Set when the call is held.
    """

    def __init__(self, at: int | None = None) -> None:
        self.calls: list[str] = []
        self.reached = threading.Event()
        self._at = at
        self._go = threading.Event()

    def before(self, operation: str, service: str) -> None:
        """Note a call, and hold it if it is the one."""
        if service == "dynamodb" or operation.startswith(_READING):
            return
        self.calls.append(operation)
        if len(self.calls) == self._at:
            self.reached.set()
            if not self._go.wait(_LONGEST):
                raise TimeoutError(f"{operation} was not let go")

    def let_go(self) -> None:
        """Send the call."""
        self._go.set()

    @contextmanager
    def watching(self, clients: list[Any], codebuild: Any = None) -> Iterator[None]:
        """Watch the calls of boto3 clients, and of a CodeBuild that is no boto3 client."""

        def before_call(model: Any, **_: Any) -> None:
            self.before(model.name, model.service_model.service_name)

        for client in clients:
            client.meta.events.register_first("before-call", before_call)
        if codebuild is not None:
            codebuild.before = lambda operation: self.before(operation, "codebuild")
        try:
            yield
        finally:
            for client in clients:
                client.meta.events.unregister("before-call", before_call)
            if codebuild is not None:
                codebuild.before = None


class Running:
    """A function call in a thread of its own, as Lambda runs it: nobody can end it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - kept for the test
            self.error = error

    def wait(self) -> None:
        """Wait for its end."""
        self._thread.join(_LONGEST)
        assert not self._thread.is_alive()
