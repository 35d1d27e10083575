"""Writes a build's log to CloudWatch Logs, as it comes."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime
from typing import Any

_EVERY = 1.0  # seconds between two writes, so that a build can be watched
_MOST = 5000  # events of one write; the service takes 10,000 (PutLogEvents)


class BuildLog:
    """A log stream; a build's threads may write to it at once.

    Args:
        client: A boto3 `logs` client, or `None` when the project keeps no log.
        group: The log group; it is made when it does not exist.
        stream: The log stream, which does not exist yet.
    """

    def __init__(self, client: Any, group: str, stream: str) -> None:
        self._client, self._group, self._stream = client, group, stream
        self._pending: list[dict[str, Any]] = []
        self._written = time.monotonic()
        self._lock = threading.Lock()
        if client is not None:
            try:
                client.create_log_stream(logGroupName=group, logStreamName=stream)
            except client.exceptions.ResourceNotFoundException:
                # A build that started at the same moment may have made it.
                with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                    client.create_log_group(logGroupName=group)
                client.create_log_stream(logGroupName=group, logStreamName=stream)

    def line(self, text: str) -> None:
        """Write a line of a command."""
        with self._lock:
            self._pending.append({"timestamp": int(time.time() * 1000), "message": text or " "})
            if time.monotonic() - self._written > _EVERY:
                self._flush()

    def note(self, text: str) -> None:
        """Write a line of CodeBuild's own."""
        self.line(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {text}")

    def flush(self) -> None:
        """Write what is pending."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        while self._pending and self._client is not None:
            self._client.put_log_events(
                logGroupName=self._group,
                logStreamName=self._stream,
                logEvents=self._pending[:_MOST],
            )
            del self._pending[:_MOST]
        self._pending.clear()
        self._written = time.monotonic()
