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


@dataclass(frozen=True)
class _Line:
    group: str
    stream: str
    at: float
    text: str


class AgentLogs:
    """Writes lines to log groups that are made when they are first needed.

    Args:
        clients: Gives the boto3 client of a service.
        clock: Seconds since the epoch.
    """

    def __init__(self, clients: Callable[[str], Any], clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._lines: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="agent-logs", daemon=True)
        self._thread.start()

    def write(self, group: str, stream: str, text: str) -> None:
        """Add a line; empty lines are left out, as CloudWatch Logs takes none."""
        if text:
            self._lines.put(_Line(group, stream, self._clock(), text[:_EVENT_CHARACTERS]))

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self._lines.put(None)
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        going = True
        while going:
            first = self._lines.get()
            if first is None:
                return
            batch = [first]
            deadline = time.monotonic() + _BATCH_SECONDS
            while len(batch) < _BATCH_EVENTS and (left := deadline - time.monotonic()) > 0:
                try:
                    line = self._lines.get(timeout=left)
                except queue.Empty:
                    break
                if line is None:
                    going = False
                    break
                batch.append(line)
            self._send(batch)

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
            for make, names in (
                (client.create_log_group, {"logGroupName": group}),
                (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
            ):
                try:
                    make(**names)
                except client.exceptions.ResourceAlreadyExistsException:
                    continue
            client.put_log_events(**request)
