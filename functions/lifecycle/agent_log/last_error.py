"""Say what an agent's log tells of a failure: the log group, its last error line, and what to do."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lifecycle import names
from lifecycle.agent_log.lines import error_line, hint, presentable
from lifecycle.agent_log.private import without_private

# Reading is bounded, because it is only an addition to the cause: pages, seconds, and tries for lines that come late.
_PAGES = 5
_SECONDS = 8.0
_TRIES = 3
# The pause grows with the number of tries; lines come after seconds.
_LONGER = 2
# Of a log without an error, so many lines are shown.
_LAST_LINES = 2
# More of a line is never shown, nor looked through for secrets.
_LONGEST = 4000
_NOT_FOUND = "ResourceNotFoundException"


class AgentLog:
    """The log of one endpoint of a runtime.

    Args:
        logs: A boto3 CloudWatch Logs client.
        runtime_id: The runtime's id.
        endpoint: The endpoint's name.
        private: Texts that are not to be shown, such as the prompt of the call.
    """

    def __init__(
        self, logs: Any, runtime_id: str, endpoint: str, private: Iterable[str] = ()
    ) -> None:
        self._logs = logs
        self._private = tuple(private)
        # Of `live`, the lines may be those of a user's call: all streams of the group are read.
        self._is_live = endpoint == names.LIVE_ENDPOINT
        # AgentCore developer guide, "View observability data": one group for each endpoint.
        self.group = f"{names.log_group_prefix(runtime_id)}{endpoint}"

    def error(self, since: float) -> str | None:
        """The last error since a time (seconds since the epoch); None when the log has none or cannot be read."""
        try:
            return self._sentence(error_line(self._messages(since)), presentable)
        except (BotoCoreError, ClientError):
            return None

    def explain(
        self,
        since: float,
        wait: Callable[[int], bool],
        redact: Callable[[str], str],
        silent: str = "",
    ) -> str:
        """Say what the log tells, for the end of a cause. It never raises: the cause is more important.

        Args:
            since: From when lines count, in seconds since the epoch.
            wait: Pauses before another look at a log without an error, as its lines may come late; takes the number of
                looks, and returns False when there is no time left.
            redact: Takes the secrets of the call out of a line.
            silent: What else to say if the log has no error.

        Returns:
            The last error line and what to do about it; or that there is none yet and, except of `live`, the last
            lines; or why the log cannot be read.
        """
        tries = 0
        missing = False
        last: deque[str] = deque(maxlen=_LAST_LINES)
        while True:
            tries += 1
            last.clear()
            try:
                messages = _kept(self._messages(since), last)
                found = self._sentence(error_line(messages), lambda line: presentable(redact(line)))
                missing = False
            except ClientError as error:
                code = error.response["Error"].get("Code", "Unknown")
                if code != _NOT_FOUND:
                    return self._unread(code)
                found, missing = None, True
            except BotoCoreError as error:
                return self._unread(type(error).__name__)
            if found is not None:
                return found
            if tries >= _TRIES or not wait(tries + _LONGER):
                break
        begin = f"{silent}; " if silent else ""
        if missing:
            return f"{begin}its log group {self.group} does not exist yet; look for it in a minute"
        if last:
            said = f"{begin}its log group {self.group} has no error of this call yet"
            if self._is_live:
                return f"{said}; look at it"
            # Together, because a secret may be broken over two lines.
            text = redact("\n".join(map(self._bounded, last)))
            lines = " | ".join(map(presentable, text.split("\n")))
            return f"{said}; it ends with: {lines}"
        return f"{begin}its log group {self.group} has no line of this call yet; look at it in a minute"

    def _sentence(self, line: str | None, show: Callable[[str], str]) -> str | None:
        if line is None:
            return None
        shown = show(self._bounded(line))
        return f"the last error in its log group {self.group}: {shown}; {hint(line[:_LONGEST])}"

    def _bounded(self, line: str) -> str:
        # Before the cut, which would leave the beginning of a private text.
        return without_private(line, self._private)[:_LONGEST]

    def _unread(self, code: str) -> str:
        return (
            f"look at its log group {self.group} (this function could not: FilterLogEvents: {code})"
        )

    def _messages(self, since: float) -> Iterator[str]:
        # FilterLogEvents reads all streams in the order of time. GetLogEvents would need the name of a stream first,
        # and the time of a stream's last event can be an hour late (API reference, LogStream: lastEventTimestamp).
        deadline = time.monotonic() + _SECONDS
        request: dict[str, Any] = {"logGroupName": self.group, "startTime": round(since * 1000)}
        for _ in range(_PAGES):
            page = self._logs.filter_log_events(**request)
            yield from (event["message"] for event in page["events"])
            if "nextToken" not in page or time.monotonic() > deadline:
                return
            request["nextToken"] = page["nextToken"]


def _kept(messages: Iterable[str], last: deque[str]) -> Iterator[str]:
    """Pass messages on, and keep the last lines that are not empty; each start of an agent may write the same again."""
    for message in messages:
        for line in message.splitlines():
            if line in last:
                last.remove(line)
            if line.strip():
                last.append(line)
        yield message
