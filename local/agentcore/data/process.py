"""One agent process: started on the service contract, watched, called, killed."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from local.agentcore.evaluations.telemetry import INSTRUMENT

if TYPE_CHECKING:
    from local.children import Children

_CHILD = Path(__file__).resolve().parent.parent / "child"
_PYTHON_HOOK = "ignore::agentcore_local_port.Moved"
_LOOK_SECONDS = 0.02


class AgentDiedError(Exception):
    """The agent's process ended before it was ready."""


class AgentSilentError(Exception):
    """The agent did not listen, or was not healthy, in the time it has."""


@dataclass(frozen=True)
class Launch:
    """How an agent is started.

    Attributes:
        command: Program and arguments.
        environment: Its whole environment, but for the port.
        workdir: Its working directory.
        port: The port of the service contract.
        ping: Path that says whether it is healthy; `None` for a protocol that has none.
    """

    command: list[str]
    environment: Mapping[str, str]
    workdir: Path
    port: int
    ping: str | None


class AgentProcess:
    """A running agent.

    Args:
        launch: How it is started.
        children: Starts it, so that it dies with us.
        on_line: Gets each line that it writes to stdout and stderr.
        state_dir: Where its own folder (HOME, TMPDIR) is made.
    """

    def __init__(
        self,
        launch: Launch,
        children: Children,
        on_line: Callable[[str], None],
        state_dir: Path,
    ) -> None:
        self._launch = launch
        self._children = children
        folders = state_dir / "agents"
        folders.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="agent-", dir=folders)
        self._port_file = Path(self._folder.name) / "port"
        reading, writing = os.pipe()
        try:
            self._process: subprocess.Popen[bytes] = children.start(
                launch.command, env=self._environment(), cwd=launch.workdir, stdout=writing
            )
        except OSError as error:
            os.close(reading)
            self._folder.cleanup()
            raise AgentDiedError(str(error)) from error
        finally:
            os.close(writing)
        self._reader = threading.Thread(
            target=_read_lines, args=(reading, on_line), name="agent-output", daemon=True
        )
        self._reader.start()
        self.base_url = ""
        # It only ever speaks plain HTTP to the loopback; certificates would take long to load.
        self.http = httpx.Client(
            trust_env=False,
            verify=False,  # noqa: S501
            limits=httpx.Limits(max_connections=None),
        )

    def _environment(self) -> dict[str, str]:
        given = self._launch.environment
        return {
            **given,
            "HOME": given.get("HOME", self._folder.name),
            "TMPDIR": given.get("TMPDIR", self._folder.name),
            "AGENTCORE_LOCAL_PORT": str(self._launch.port),
            "AGENTCORE_LOCAL_PORT_FILE": str(self._port_file),
            "PYTHONWARNINGS": _joined(",", _PYTHON_HOOK, given.get("PYTHONWARNINGS")),
            "PYTHONPATH": _joined(os.pathsep, str(_CHILD), given.get("PYTHONPATH")),
            "NODE_OPTIONS": _joined(
                " ", f"--require={_CHILD / 'agentcore_local_port.cjs'}", given.get("NODE_OPTIONS")
            ),
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """Its variables, as its artifact and its runtime give them."""
        return self._launch.environment

    @property
    def is_instrumented(self) -> bool:
        """Whether it exports spans: OpenTelemetry's command starts it."""
        return any(Path(part).name == INSTRUMENT for part in self._launch.command)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def alive(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def wait_dead(self, seconds: float) -> bool:
        """Wait a while for the process to end by itself, and say whether it did."""
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_ready(self, seconds: float) -> None:
        """Wait until the agent serves.

        Args:
            seconds: How long it may take.

        Raises:
            AgentDiedError: If its process ends.
            AgentSilentError: If it does not listen, or is not healthy, in that time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive():
                raise AgentDiedError(f"the process ended with status {self._process.returncode}")
            if self._listens() and (self._launch.ping is None or self.ping() is not None):
                return
            time.sleep(_LOOK_SECONDS)
        raise AgentSilentError

    def ping(self) -> str | None:
        """Return what the agent says of itself: `Healthy` or `HealthyBusy`; `None` if nothing.

        An MCP server has no path for it, and is never asked.
        """
        if self._launch.ping is None:
            return None
        try:
            answer = self.http.get(f"{self.base_url}{self._launch.ping}", timeout=2.0)
            document = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None
        return str(document.get("status", "Healthy")) if isinstance(document, dict) else None

    def _listens(self) -> bool:
        if not self.base_url:
            try:
                host, port = self._port_file.read_text(encoding="ascii").split()
            except (FileNotFoundError, ValueError):
                return False
            self.base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        address = httpx.URL(self.base_url)
        try:
            socket.create_connection((address.host, address.port), timeout=1.0).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Kill the process, and wait until it is gone and its output is read."""
        self._children.kill(self._process)
        self._reader.join(timeout=5.0)
        self.http.close()
        self._folder.cleanup()


def _read_lines(descriptor: int, on_line: Callable[[str], None]) -> None:
    with open(descriptor, encoding="utf-8", errors="replace") as output:
        for line in output:
            on_line(line.rstrip("\n"))


def _joined(separator: str, first: str, second: str | None) -> str:
    return f"{first}{separator}{second}" if second else first
