"""A function's code and layers on disk."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.services.functions.spec import FunctionSpec

_NOT_CODE = ("__pycache__", "*.pyc", ".venv", ".git")


def copy_code(source: Path, target: Path) -> None:
    """Copy the code of a function or a layer, so that later edits do not change it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_NOT_CODE))


def lay_out_layers(layers: Iterable[Path], target: Path) -> None:
    """Copy layers over each other, as Lambda does in `/opt`."""
    for layer in layers:
        shutil.copytree(layer, target, dirs_exist_ok=True)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256, in hex, of each file that `copy_code` copies, by its path in the folder."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(_content(file)).hexdigest()
        for file in _files(folder)
    }


def _content(file: Path) -> bytes:
    return str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()


def _files(folder: Path) -> Iterator[Path]:
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_left_out(name))
        yield from (Path(path, name) for name in sorted(files) if not _is_left_out(name))


def _is_left_out(name: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in _NOT_CODE)


def import_path(spec: FunctionSpec) -> str:
    """Return `PYTHONPATH` as Lambda's Python has it: the function's code, then `/opt/python`."""
    folders = [spec.code, *([spec.opt / "python"] if spec.opt else [])]
    return os.pathsep.join(str(folder) for folder in folders)


def under_opt(value: str, opt: Path | None) -> str:
    """Replace a leading `/opt` in a value: this host's `/opt` belongs to others."""
    if opt is not None and (value == "/opt" or value.startswith("/opt/")):
        return str(opt) + value.removeprefix("/opt")
    return value
