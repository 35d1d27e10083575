"""The entry of one call of a function among the open calls of its environment's record (see `lifecycle.fence`).

While a call is fenced, the writes of the record carry its entry along, so that it costs no writes of its own where the
call writes the record anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from lifecycle.items import Condition
from lifecycle.record import OpenCall


@dataclass
class Opening:
    """One call, and whether the record has it.

    Attributes:
        environment: Whose record.
        execution: ARN of the execution that must hold the environment's lock.
        call: The entry.
        condition: What must be true besides that for the entry to be written.
        is_open: The record has the entry.
        may_be_open: The record may have it: a write without an answer may still be carried out.
    """

    environment: str
    execution: str
    call: OpenCall
    condition: Condition | None = None
    is_open: bool = False
    may_be_open: bool = False

    def beside(self, *, last: bool) -> Beside:
        """What a write of the record does to the entry.

        Args:
            last: The call changes nothing after this write, so the write takes the entry out. If the call does change
                something after it, the entry is written again before that.
        """
        entry = {"openCalls": {str(self.call)}}
        if last:
            return Beside(self, take=entry if self.may_be_open else {})
        if self.is_open:
            return Beside(self)
        self.may_be_open = True
        return Beside(self, add=entry, condition=self.condition)


@dataclass(frozen=True)
class Beside:
    """What is written beside the changes of a record; nothing outside of a fenced call.

    Attributes:
        opening: The call.
        add: Elements to add to sets, as `Items.write` takes them.
        take: Elements to take out of sets.
        condition: What must be true, or nothing is written.
    """

    opening: Opening | None = None
    add: dict[str, set[str]] | None = None
    take: dict[str, set[str]] | None = None
    condition: Condition | None = None

    def written(self) -> None:
        """Say that the write was answered."""
        if self.opening is not None and self.add:
            self.opening.is_open = True
        if self.opening is not None and self.take:
            self.opening.is_open = self.opening.may_be_open = False


_NOTHING = Beside()
_CURRENT: ContextVar[Opening | None] = ContextVar("opening", default=None)


@contextmanager
def current(opening: Opening) -> Iterator[None]:
    """Let the writes of the record of the opening's environment carry its entry along."""
    token = _CURRENT.set(opening)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def beside(environment: str, *, last: bool) -> Beside:
    """What a write of an environment's record does to the entry of the call that makes it."""
    opening = _CURRENT.get()
    if opening is None or opening.environment != environment:
        return _NOTHING
    return opening.beside(last=last)
