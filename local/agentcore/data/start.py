"""Starts the agent of a session and waits until it serves."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.data.code import CodeError
from local.agentcore.data.launch import Launcher
from local.agentcore.data.logs import AgentLogs
from local.agentcore.data.process import AgentDiedError, AgentProcess, AgentSilentError
from local.agentcore.data.target import Target
from local.agentcore.model.errors import ServiceError
from local.agentcore.settings import Quotas
from local.children import Children
from local.readings import Readings

log = logging.getLogger(__name__)


START_ERRORS = (
    *(LookupError, CodeError, ClientError, BotoCoreError),
    *(AgentDiedError, RuntimeError, OSError),
)
"""The errors of an agent that cannot be started."""
_MOST_LINES = 10_000
"""How many lines are kept of an agent that nobody has called yet."""


class AgentStartTimeoutError(Exception):
    """An agent never listened; the message is for the caller."""


class _Output:
    """The lines of an agent: kept until it is known where they go."""

    def __init__(self) -> None:
        self._kept: deque[str] = deque(maxlen=_MOST_LINES)
        self._write: Callable[[str], None] = self._kept.append
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        with self._lock:
            self._write(line)

    def lead_to(self, write: Callable[[str], None]) -> None:
        """Write what was kept, and what follows."""
        with self._lock:
            for line in self._kept:
                write(line)
            self._write = write


@dataclass(frozen=True)
class Begun:
    """An agent that was started, and does not serve yet, for all that is known.

    Attributes:
        process: It.
        output: Its lines.
        at: When it was started, in seconds of `time.monotonic`.
    """

    process: AgentProcess
    output: _Output
    at: float

    def age(self) -> float:
        """Return the seconds since it was started."""
        return time.monotonic() - self.at


class Starter:
    """Starts agents.

    Args:
        launcher: Says how an agent of a version is started.
        children: Knows the processes, and ends them.
        logs: Where the agents' output goes.
        folder: The agents' files are below it.
        quotas: How long a start may take.
        readings: Whether a first start takes too long, and which status a slow start gets.
        may_log: Says whether a role may write into a log group's stream.
    """

    def __init__(
        self,
        *,
        launcher: Launcher,
        children: Children,
        logs: AgentLogs,
        folder: Path,
        quotas: Quotas,
        readings: Readings,
        may_log: Callable[[str, str, str], bool],
    ) -> None:
        self._launcher = launcher
        self._children = children
        self._logs = logs
        self._folder = folder
        self._quotas = quotas
        self._readings = readings
        self._may_log = may_log
        self._started: set[tuple[str, str]] = set()
        self.ahead: Callable[[Target], Begun | None] = _nothing
        """Gives the agent of a target that was started before."""

    def begin(self, target: Target) -> Begun:
        """Start an agent, without waiting for it.

        Raises:
            Exception: One of `START_ERRORS`.
        """
        output = _Output()
        launch = self._launcher.launch(target)
        began = time.monotonic()
        return Begun(AgentProcess(launch, self._children, output, self._folder), output, began)

    def start(self, target: Target, session_id: str) -> AgentProcess:
        """Start an agent for a session, and return it when it serves.

        Raises:
            ServiceError: RuntimeClientError when it ends or cannot be started.
            AgentStartTimeoutError: When it never listens.
        """
        version = (target.runtime_id, target.version)
        if self._readings["cold-start"] == "too-long" and version not in self._started:
            self._started.add(version)
            raise self._too_slow()
        group = f"/aws/bedrock-agentcore/runtimes/{target.runtime_id}-{target.endpoint}"
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[runtime-logs]{session_id}"
        write: Callable[[str], None] = partial(self._logs.write, group, stream)
        if not self._may_log(target.configuration["roleArn"], group, stream):
            log.warning("the execution role may not write to %s: its logs stay empty", group)
            write = _into_nothing
        try:
            begun = self.ahead(target) or self.begin(target)
        except START_ERRORS as error:
            write(f"the agent cannot be started: {error}")
            raise _start_failed() from error
        process = begun.process
        begun.output.lead_to(write)
        try:
            process.wait_ready(self._quotas.startup_seconds - begun.age())
        except AgentDiedError as error:
            process.end()
            write(f"the agent failed at start: {error}")
            raise _start_failed() from error
        except AgentSilentError as error:
            process.end()
            raise self._too_slow() from error
        return process

    def _too_slow(self) -> Exception:
        """Return the error of a start that takes too long."""
        message = (
            "Runtime initialization time exceeded. Please make sure that initialization "
            f"completes in {self._quotas.startup_seconds:g}s."
        )
        if self._readings["slow-start"] == "424":
            return ServiceError("RuntimeClientError", message)
        return AgentStartTimeoutError(message)


def _nothing(_target: Target) -> None:
    """Give no agent."""


def _into_nothing(_text: str) -> None:
    """Write a line nowhere."""


def _start_failed() -> ServiceError:
    return ServiceError(
        "RuntimeClientError",
        "An error occurred when starting the runtime. Please check your CloudWatch logs for more "
        "information.",
    )
