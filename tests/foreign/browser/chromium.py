"""Finds Chromium: the one that CHROMIUM names, or the one of the npm package, unpacked once."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.javascript import PROJECT, node, run

_FOLDER = Path(__file__).parent
_PACKAGE = PROJECT / "node_modules/@sparticuz/chromium/package.json"


def chromium() -> str:
    """Return the path of the browser.

    Without Node or the packages the test is skipped, and fails where `CI` is set (`javascript.node`).
    """
    node()
    if named := os.environ.get("CHROMIUM"):
        if not Path(named).is_file():
            pytest.fail(f"CHROMIUM={named}: there is no such file")
        return named
    version = json.loads(_PACKAGE.read_text("utf-8"))["version"]
    folder = PROJECT / ".local/chromium" / version
    folder.mkdir(parents=True, exist_ok=True)
    # Several processes run tests. The package takes a file that another one still writes for a whole one.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "unpacked").is_file():
            _unpack(folder)
    return str(folder / "chromium")


def browse(program: Path, given: dict[str, Any]) -> Any:
    """Run a program that drives the browser.

    Args:
        program: An ES module that reads and prints JSON.
        given: What it reads; the path of the browser is added as `browser`.

    Returns:
        What it printed.
    """
    return run(program, {**given, "browser": chromium()})


def _unpack(folder: Path) -> None:
    (folder / "chromium").unlink(missing_ok=True)
    subprocess.run(
        [node(), str(_FOLDER / "unpack.mjs")],
        env={**os.environ, "TMPDIR": str(folder)},
        check=True,
        capture_output=True,
    )
    (folder / "unpacked").touch()
