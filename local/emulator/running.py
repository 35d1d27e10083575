"""Finds a local AWS that another process runs, by the file that it writes."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_RUNNING_FILE = "running.json"
_HEALTH_SECONDS = 2.0


@dataclass(frozen=True)
class RunningAws:
    """A local AWS that runs in another process.

    Attributes:
        endpoint_url: Its endpoint.
        stack_name: The stack that it deployed.
        pid: Its process id.
    """

    endpoint_url: str
    stack_name: str
    pid: int
    _environment: dict[str, str]

    def environment(self) -> dict[str, str]:
        """Return the variables that direct any AWS client to it."""
        return dict(self._environment)


def find_running(state_root: Path) -> RunningAws | None:
    """Return the local AWS that runs in a state folder, or `None`.

    Args:
        state_root: A state folder, or the parent of one named `up`.
    """
    for folder in (state_root, state_root / "up"):
        try:
            noted = json.loads((folder / _RUNNING_FILE).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            continue
        if _answers(noted["endpoint_url"], noted["pid"]):
            return RunningAws(
                noted["endpoint_url"], noted["stack_name"], noted["pid"], noted["environment"]
            )
    return None


def _answers(endpoint_url: str, pid: int) -> bool:
    """Return whether this process answers there; another process may use its port by now."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint_url}/_local/health", timeout=_HEALTH_SECONDS) as answer:
            return bool(json.load(answer).get("pid") == pid)
    except (OSError, ValueError):
        return False


@contextmanager
def announced(
    state_dir: Path, endpoint_url: str, stack_name: str, environment: dict[str, str]
) -> Iterator[None]:
    """Let other processes find this local AWS.

    Args:
        state_dir: The state folder.
        endpoint_url: Its endpoint.
        stack_name: The stack that it deployed.
        environment: Variables that direct any AWS client to it. They contain its access key, so only
            the file's owner can read the file.
    """
    file = state_dir / _RUNNING_FILE
    file.touch(mode=0o600)
    try:
        file.write_text(
            json.dumps(
                {
                    "endpoint_url": endpoint_url,
                    "stack_name": stack_name,
                    "pid": os.getpid(),
                    "environment": environment,
                }
            ),
            encoding="utf-8",
        )
        yield
    finally:
        file.unlink(missing_ok=True)
