"""What was said when an execution was started, until its page shows it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

_MOST = 50


@dataclass
class Notes:
    """Sentences by the name of the execution; the oldest are forgotten."""

    _said: OrderedDict[str, tuple[str, ...]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, sentences: Sequence[str]) -> None:
        """Keep what was said of an execution; nothing if nothing was."""
        if not sentences:
            return
        with self._lock:
            self._said[name] = tuple(sentences)
            while len(self._said) > _MOST:
                self._said.popitem(last=False)

    def of(self, name: str) -> tuple[str, ...]:
        """Return what was said of an execution."""
        return self._said.get(name, ())
