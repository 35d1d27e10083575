"""The command `lifecycle console`, as a user starts it, on the local AWS of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.console.security import LOOPBACK

Served = Callable[..., str]


@pytest.fixture
def served(aws: Any) -> Iterator[Served]:
    """Starts the command with some options and returns the address that it prints; stops it after the test."""
    started: list[subprocess.Popen[str]] = []

    def serve(*options: str, environment: dict[str, str] | None = None) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "console", "--no-open", "--port", "0", *options],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith(f"http://{LOOPBACK}:"), process.stderr and process.stderr.read()
        return url

    yield serve
    for process in started:
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert "Traceback" not in said, said
