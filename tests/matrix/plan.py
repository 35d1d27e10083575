"""Which cell runs next: one that can use an environment that is there, before one that needs a new one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from tests.matrix.cells import Cell
from tests.matrix.scenarios import SCENARIOS


class Plan:
    """The cells that are still to run; safe between threads.

    Args:
        cells: The cells, in their order.
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._lock = threading.Lock()
        self._alone: deque[Cell] = deque()
        self._by_state: dict[str, deque[Cell]] = {}
        for cell in cells:
            self._by_state.setdefault(SCENARIOS[cell.scenario].before, deque()).append(cell)

    def take(self, states: Iterable[str]) -> tuple[Cell, str | None] | None:
        """Take the next cell.

        Args:
            states: The states of the environments that are ready to be used.

        Returns:
            The cell, and the state of the environment that it is to run on, or None for a new one. None if there is
            no cell left.
        """
        with self._lock:
            if self._alone:
                return self._alone.popleft(), None
            for state in states:
                if self._by_state.get(state):
                    return self._by_state[state].popleft(), state
            left = [state for state in sorted(self._by_state) if self._by_state[state]]
            # The first is "": such a cell makes the environment that others need.
            return (self._by_state[left[0]].popleft(), None) if left else None

    @property
    def is_empty(self) -> bool:
        """Whether no cell is left."""
        with self._lock:
            return not self._alone and not any(self._by_state.values())

    def again(self, cell: Cell) -> None:
        """Run a cell again, on an environment of its own."""
        with self._lock:
            self._alone.append(cell)
