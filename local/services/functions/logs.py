"""Writes the output of functions to files in the state folder, and to CloudWatch Logs."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.2

Line = tuple[str, str, int, str]
"""Log group, log stream, milliseconds since the epoch, text."""


class FunctionLogs:
    """Receives lines from all functions, and sends them to CloudWatch Logs in a thread.

    Args:
        folder: The files are written here, one for each function.
        client: Makes the boto3 client of CloudWatch Logs, once the service answers.
    """

    def __init__(self, folder: Path, client: Callable[[], Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._make_client = client
        self._lines: queue.Queue[Line | None] = queue.Queue()
        self._streams: set[tuple[str, str]] = set()
        self._file_lock = threading.Lock()
        self._thread = threading.Thread(target=self._ship, name="function-logs", daemon=True)
        self._thread.start()

    @staticmethod
    def new_stream() -> str:
        """Return a name as Lambda forms it: date, version, and a random part."""
        return f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"

    def write(self, function: str, group: str, stream: str, text: str) -> None:
        """Write one line.

        Args:
            function: Name of the function.
            group: Log group.
            stream: Log stream.
            text: The line, without its line feed.
        """
        with self._file_lock, (self._folder / f"{function}.log").open("a", encoding="utf-8") as out:
            out.write(text + "\n")
        # CloudWatch Logs rejects a whole batch if one message is empty.
        self._lines.put((group, stream, int(time.time() * 1000), text or " "))

    def flush(self) -> None:
        """Wait until every line so far has been sent."""
        self._lines.join()

    def close(self) -> None:
        """Send the remaining lines and stop the thread."""
        self._lines.put(None)
        self._thread.join()

    def _ship(self) -> None:
        client: Any = None
        open_ = True
        while open_:
            lines = [self._lines.get()]
            time.sleep(_GATHER_SECONDS if lines[0] is not None else 0)
            while not self._lines.empty():
                lines.append(self._lines.get())
            open_ = None not in lines
            batches: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
            for line in lines:
                if line is not None:
                    batches[line[:2]].append({"timestamp": line[2], "message": line[3]})
            for (group, stream), events in batches.items():
                try:
                    client = client or self._make_client()
                    self._put(client, group, stream, events)
                except (BotoCoreError, ClientError) as error:
                    # The lines are still in the file; a function must not fail because of its logs.
                    log.warning("logs did not reach %s of CloudWatch Logs: %s", group, error)
                except Exception:
                    log.exception("logs did not reach %s of CloudWatch Logs", group)
            for _ in lines:
                self._lines.task_done()

    def _put(self, client: Any, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        if (group, stream) not in self._streams:
            for create, names in (
                (client.create_log_group, {"logGroupName": group}),
                (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
            ):
                try:
                    create(**names)
                except client.exceptions.ResourceAlreadyExistsException:
                    continue
            self._streams.add((group, stream))
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
