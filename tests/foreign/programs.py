"""Runs programs that read JSON and print JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def run(
    command: Sequence[str | Path],
    given: Any,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Any:
    """Run a program, which must succeed.

    Args:
        command: The program and its arguments.
        given: What it reads from its standard input, as plain JSON values.
        environment: Its environment; this process's if left out.
        folder: Where it runs; where this process does if left out.

    Returns:
        What it printed, as plain JSON values.
    """
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)
