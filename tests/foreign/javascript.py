"""Runs the JavaScript programs of this folder, with the packages that package-lock.json pins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.foreign import programs

PROJECT = Path(__file__).parents[2]
TOOLS = PROJECT / ".venv-tools/bin/node"


def node() -> str:
    """Return the path of Node.

    `make test` installs Node and the packages. Without them the test is skipped, and the summary
    of pytest says so; where `CI` is set, it fails.
    """
    found = str(TOOLS) if TOOLS.is_file() else shutil.which("node")
    if found is not None and (PROJECT / "node_modules").is_dir():
        return found
    missing = "Node" if found is None else "node_modules"
    said = f"{missing} is missing: run `make test`, which installs it, or `make .venv-tools/.ready`"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def run(script: Path, given: Any, environment: Mapping[str, str] | None = None) -> Any:
    """Run a program: JSON on its standard input, JSON on its standard output.

    Args:
        script: The program, an ES module.
        given: What it reads, as plain JSON values.
        environment: Its environment; this process's if left out.

    Returns:
        What it printed, as plain JSON values.
    """
    return programs.run([node(), script], given, environment)
