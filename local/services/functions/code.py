"""A function's code and layers on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from local.services.functions.spec import FunctionSpec

_NOT_CODE = shutil.ignore_patterns("__pycache__", "*.pyc", ".venv", ".git")


def copy_code(source: Path, target: Path) -> Path:
    """Copy a function's code, so that later edits do not change it, and return the copy.

    Functions with the same code share a copy.
    """
    if not target.exists():
        shutil.copytree(source, target, ignore=_NOT_CODE)
    return target


def lay_out_layers(layers: Iterable[Path], target: Path) -> Path:
    """Copy layers over each other, as Lambda does in `/opt`, and return the folder."""
    for layer in layers:
        shutil.copytree(layer, target, dirs_exist_ok=True, ignore=_NOT_CODE)
    return target


def import_path(spec: FunctionSpec) -> str:
    """Return `PYTHONPATH` as Lambda's Python has it: the function's code, then `/opt/python`."""
    folders = [spec.code, *([spec.opt / "python"] if spec.opt else [])]
    return os.pathsep.join(str(folder) for folder in folders)


def under_opt(value: str, opt: Path | None) -> str:
    """Replace a leading `/opt` in a value: this host's `/opt` belongs to others."""
    if opt is not None and (value == "/opt" or value.startswith("/opt/")):
        return str(opt) + value.removeprefix("/opt")
    return value
