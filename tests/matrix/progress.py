"""What a run of the matrix keeps, so that it can go on, and what it shows meanwhile."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.matrix.cell_run import Ended
from tests.matrix.cells import Call, Cell

_COLUMNS = 79
_EVERY_SECONDS = 30


class Progress:
    """The ends of cells, in memory and as JSON lines of a file; safe between threads.

    Args:
        file: Where the lines go.
        resume: Go on with what the file holds; else it begins anew.
    """

    def __init__(self, file: Path, *, resume: bool) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._session = 0
        self._told = 0.0
        self._seconds: dict[int, float] = {}
        self.calls: list[Call] = []
        self.ended: dict[Cell, Ended] = {}
        self.planned = 0
        file.parent.mkdir(parents=True, exist_ok=True)
        if resume and file.exists():
            self._read()
        else:
            file.write_text("", encoding="utf-8")

    @property
    def minutes(self) -> float:
        """The wall time of all sessions together."""
        seconds = {**self._seconds, self._session: time.monotonic() - self._began}
        return sum(seconds.values()) / 60

    def keep_calls(self, calls: Iterable[Call]) -> None:
        """Keep more calls from which cells are made."""
        with self._lock:
            found = sorted(calls)
            self.calls += found
            self._write({"calls": [asdict(call) for call in found]})

    def forget(self, end: str) -> set[Cell]:
        """Forget the cells that ended in a way, so that they run again; returns them."""
        found = {cell for cell, ended in self.ended.items() if ended.end == end}
        self.ended = {cell: ended for cell, ended in self.ended.items() if cell not in found}
        return found

    def end(self, cell: Cell, ended: Ended) -> None:
        """Keep how a cell ended, and show how far the run is."""
        with self._lock:
            self.ended[cell] = ended
            self._write({"cell": cell.as_dict(), **asdict(ended)})
            if ended.end == "not allowed":
                self._show(f"not allowed: {cell.id}: {ended.why}\n")
            self._show_line(cell)

    def _show_line(self, cell: Cell) -> None:
        done, now = len(self.ended), time.monotonic()
        wrong = sum(ended.end == "not allowed" for ended in self.ended.values())
        line = f"{done}/{self.planned} {self.minutes:.1f} min, {wrong} not allowed: {cell.id}"
        if sys.stdout.isatty():
            self._show(line[:_COLUMNS])
        elif now - self._told > _EVERY_SECONDS or done == self.planned:
            self._told = now
            self._show(line[:_COLUMNS] + "\n")

    def _show(self, text: str) -> None:
        # On a terminal the line of the progress is written over.
        sys.stdout.write(f"\r\x1b[K{text}" if sys.stdout.isatty() else text)
        sys.stdout.flush()

    def _write(self, value: dict[str, Any]) -> None:
        at = round(time.monotonic() - self._began, 1)
        line = json.dumps({**value, "session": self._session, "at": at})
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _read(self) -> None:
        for line in self._file.read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            session, at = value.pop("session"), value.pop("at")
            self._seconds[session] = max(at, self._seconds.get(session, 0.0))
            if "calls" in value:
                self.calls += [Call(**call) for call in value["calls"]]
            else:
                cell = Cell(**value.pop("cell"))
                self.ended[cell] = Ended(**value)
        self._session = max(self._seconds, default=-1) + 1
