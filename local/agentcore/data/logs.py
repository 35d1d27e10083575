"""What agents write goes to CloudWatch Logs, in batches, from a thread of its own."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.settings import Clock

log = logging.getLogger(__name__)

_BATCH_SECONDS = 0.2
# PutLogEvents takes 10,000 events and 1 MB a call; an event is 26 bytes more than its text.
_BATCH_EVENTS = 1_000
_EVENT_CHARACTERS = 60_000


# Takes the place of a line when the time of a batch is over; nobody waits for it.
_DUE = threading.Event()


@dataclass(frozen=True)
class _Line:
    group: str
    stream: str
    at: float
    text: str
    make_group: bool


class AgentLogs:
    """Writes lines to log groups that are made when they are first needed.

    Args:
        clients: Gives the boto3 client of a service.
        clock: Seconds since the epoch.
    """

    def __init__(self, clients: Callable[[str], Any], clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._lines: queue.SimpleQueue[_Line | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="agent-logs", daemon=True)
        self._thread.start()

    def write(self, group: str, stream: str, text: str, *, make_group: bool = True) -> None:
        """Add a line; empty lines are left out, as CloudWatch Logs takes none.

        Args:
            group: The log group.
            stream: The log stream, made if it is missing.
            text: The line.
            make_group: Whether a missing group is made. Otherwise the line is lost then.
        """
        if text:
            text = text[:_EVENT_CHARACTERS]
            self._lines.put(_Line(group, stream, self._clock(), text, make_group))

    def flush(self) -> None:
        """Wait until what was added before is written (or given up)."""
        written = threading.Event()
        self._lines.put(written)
        written.wait(timeout=10.0)

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self._lines.put(None)
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        batch: list[_Line] = []
        deadline = 0.0
        while True:
            wait = deadline - time.monotonic() if batch else None
            try:
                item = self._lines.get(timeout=None if wait is None else max(wait, 0.0))
            except queue.Empty:
                item = _DUE
            if isinstance(item, _Line):
                if not batch:
                    deadline = time.monotonic() + _BATCH_SECONDS
                batch.append(item)
                if len(batch) < _BATCH_EVENTS and time.monotonic() < deadline:
                    continue
            self._send(batch)
            batch = []
            if item is None:
                return
            if isinstance(item, threading.Event):
                item.set()

    def _send(self, batch: list[_Line]) -> None:
        by_stream: dict[tuple[str, str], list[_Line]] = defaultdict(list)
        for line in batch:
            by_stream[line.group, line.stream].append(line)
        for (group, stream), lines in by_stream.items():
            try:
                self._put(group, stream, lines)
            except (BotoCoreError, ClientError) as error:
                # An agent's output must not stop the agent; the reader learns of the gap here.
                log.warning("%d lines for %s are lost: %s", len(lines), group, error)

    def _put(self, group: str, stream: str, lines: list[_Line]) -> None:
        client = self._clients("logs")
        events = [{"timestamp": int(line.at * 1000), "message": line.text} for line in lines]
        request = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        try:
            client.put_log_events(**request)
        except client.exceptions.ResourceNotFoundException:
            # The first line of a stream, or somebody deleted the group: make what is missing.
            missing = [(client.create_log_stream, {"logGroupName": group, "logStreamName": stream})]
            if lines[0].make_group:
                missing.insert(0, (client.create_log_group, {"logGroupName": group}))
            for make, names in missing:
                try:
                    make(**names)
                except client.exceptions.ResourceAlreadyExistsException:
                    continue
            client.put_log_events(**request)
