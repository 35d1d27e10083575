"""A function's code and layers on disk."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.services.functions.spec import FunctionSpec

_NOT_CODE = ("__pycache__", "*.pyc", ".venv", ".git", ".#*", ".*.sw?")
"""Names that are left out; the last two are an editor's locks and swap files."""


def copy_code(source: Path, target: Path) -> None:
    """Copy the code of a function or a layer, so that later edits do not change it."""
    shutil.copytree(source, target, ignore=_left_out)


def lay_out_layers(layers: Iterable[Path], target: Path) -> None:
    """Copy layers over each other, as Lambda does in `/opt`."""
    for layer in layers:
        shutil.copytree(layer, target, dirs_exist_ok=True)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256, in hex, of each file that `copy_code` copies, by its path in the folder."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in _files(folder)
    }


def _files(folder: Path) -> Iterator[Path]:
    # A copy has what a link leads to, so links are followed here, too.
    for path, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(set(folders) - _left_out(path, folders))
        yield from (Path(path, name) for name in sorted(set(files) - _left_out(path, files)))


def _left_out(folder: str, names: Iterable[str]) -> set[str]:
    """Return which names of a folder are no code: those of a pattern, and links to nothing."""
    return {
        name
        for name in names
        if any(fnmatch.fnmatch(name, pattern) for pattern in _NOT_CODE)
        or not Path(folder, name).exists()
    }


def import_path(spec: FunctionSpec) -> str:
    """Return `PYTHONPATH` as Lambda's Python has it: the function's code, then `/opt/python`."""
    folders = [spec.code, *([spec.opt / "python"] if spec.opt else [])]
    return os.pathsep.join(str(folder) for folder in folders)


def under_opt(value: str, opt: Path | None) -> str:
    """Replace a leading `/opt` in a value: this host's `/opt` belongs to others."""
    if opt is not None and (value == "/opt" or value.startswith("/opt/")):
        return str(opt) + value.removeprefix("/opt")
    return value
