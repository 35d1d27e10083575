"""Python environments for clients that cannot share ours, each made once for its lock."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def python_of(name: str) -> Path:
    """Return the interpreter of the environment that has the packages of `requirements/NAME.txt`."""
    lock = PROJECT / f"requirements/{name}.txt"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = PROJECT / ".local" / name / digest
    python, ready = folder / "bin/python", folder / ".ready"
    if not ready.is_file():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "-p", sys.executable, folder], check=True)
        sync = (uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, lock)
        subprocess.run(sync, check=True)
        ready.touch()
    return python
