"""Starts the agent of a session and waits until it serves."""

from __future__ import annotations

from datetime import UTC, datetime
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


class AgentStartTimeoutError(Exception):
    """An agent never listened; the message is for the caller."""


class Starter:
    """Starts agents.

    Args:
        launcher: Says how an agent of a version is started.
        children: Knows the processes, and ends them.
        logs: Where the agents' output goes.
        folder: The agents' files are below it.
        quotas: How long a start may take.
    """

    def __init__(
        self,
        *,
        launcher: Launcher,
        children: Children,
        logs: AgentLogs,
        folder: Path,
        quotas: Quotas,
    ) -> None:
        self._launcher = launcher
        self._children = children
        self._logs = logs
        self._folder = folder
        self._quotas = quotas

    def start(self, target: Target, session_id: str) -> AgentProcess:
        """Start an agent for a session, and return it when it serves.

        Raises:
            ServiceError: RuntimeClientError when it ends or cannot be started.
            AgentStartTimeoutError: When it never listens.
        """
        group = f"/aws/bedrock-agentcore/runtimes/{target.runtime_id}-{target.endpoint}"
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[runtime-logs]{session_id}"
        try:
            process = AgentProcess(
                self._launcher.launch(target),
                self._children,
                lambda line: self._logs.write(group, stream, line),
                self._folder,
            )
        except (
            *(LookupError, CodeError, ClientError, BotoCoreError),
            *(AgentDiedError, RuntimeError, OSError),
        ) as error:
            self._logs.write(group, stream, f"the agent cannot be started: {error}")
            raise _start_failed() from error
        seconds = self._quotas.startup_seconds
        try:
            process.wait_ready(seconds)
        except AgentDiedError as error:
            process.end()
            self._logs.write(group, stream, f"the agent failed at start: {error}")
            raise _start_failed() from error
        except AgentSilentError as error:
            process.end()
            raise AgentStartTimeoutError(
                "Runtime initialization time exceeded. Please make sure that initialization "
                f"completes in {seconds:g}s."
            ) from error
        return process


def _start_failed() -> ServiceError:
    return ServiceError(
        "RuntimeClientError",
        "An error occurred when starting the runtime. Please check your CloudWatch logs for more "
        "information.",
    )
