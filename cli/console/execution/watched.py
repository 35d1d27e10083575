"""What the console has read of an execution, so that a page asks only for what is new."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from cli.console.execution.visits import Visits
from cli.execution.history import Event, HistoryReader
from cli.execution.timeline import Timeline

_MOST = 8
_AT_ONCE = 1000


@dataclass
class Watched:
    """The history of one execution as far as it was read.

    Attributes:
        reader: Reads what is new.
        events: Every event so far.
        timeline: Its stages.
        visits: Its visits of states.
        lock: Held while it is read and while a page is made of it.
    """

    reader: HistoryReader
    events: list[Event] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    visits: Visits = field(default_factory=Visits)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def read(self) -> None:
        """Read the new events."""
        new = self.reader.read()
        self.events += new
        self.timeline.add(new)
        self.visits.add(new)


class Watch:
    """The executions that were looked at last; what is known of older ones is forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Watched] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, client: Any, arn: str) -> Watched:
        """Return what is known of an execution, with nothing read yet if it is new.

        Args:
            client: boto3's `stepfunctions` client.
            arn: The execution's ARN.
        """
        with self._lock:
            if arn not in self._known:
                self._known[arn] = Watched(HistoryReader(client, arn, page_size=_AT_ONCE))
            self._known.move_to_end(arn)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
            return self._known[arn]
