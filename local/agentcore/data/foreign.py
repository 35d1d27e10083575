"""Packages built for another machine, replaced by the same versions built for this one.

The service runs ARM64, so a code zip holds ARM64 wheels, whose compiled modules no other processor
can load. The packages that have such modules are installed again, in the very same versions, for
the interpreter at hand, into a folder that comes first on the path. It stands in for the processor
that is not there; packages that are pure Python are always the zip's own.
"""

from __future__ import annotations

import csv
import importlib.machinery
import re
import shutil
import subprocess
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from uv import find_uv_bin


def foreign_packages(files: Path, python: Path) -> list[str]:
    """Return `name==version` of each package whose compiled modules an interpreter cannot load.

    Args:
        files: A folder with packages and their `.dist-info`.
        python: The interpreter.
    """
    suffixes, machine = _suffixes(python), _machine(python.resolve())
    found = []
    for info in sorted(files.glob("*.dist-info")):
        distribution: Distribution = PathDistribution(info)
        record = distribution.read_text("RECORD") or ""
        names = [row[0] for row in csv.reader(record.splitlines()) if row]
        compiled = [files / name for name in names if name.endswith((".so", ".pyd"))]
        if any(not _loadable(path, suffixes, machine) for path in compiled if path.is_file()):
            found.append(f"{distribution.metadata['Name']}=={distribution.version}")
    return found


def _loadable(module: Path, suffixes: list[str], machine: bytes) -> bool:
    """Say whether a compiled module is for this processor, and for this version of Python."""
    tagged = re.search(r"\.(cpython-|cp3|pypy)", module.name) is not None
    right_python = any(module.name.endswith(s) for s in suffixes if s.count(".") > 1)
    return _machine(module) == machine and (right_python or not tagged)


def _machine(program: Path) -> bytes:
    """Return what a file's header says of its format and processor.

    elf(5): the magic number, and `e_machine` at byte 18; Mach-O: the magic number and `cputype`.
    """
    with program.open("rb") as file:
        header = file.read(20)
    return header[:4] + header[18:20] if header.startswith(b"\x7fELF") else header[:8]


def install_for_host(files: Path, python: Path, folder: Path) -> Path | None:
    """Install the foreign packages of a folder for an interpreter, once.

    Args:
        files: The unpacked zip.
        python: The interpreter that will run it.
        folder: Where to; kept for the next time.

    Returns:
        The folder, or `None` when nothing is foreign.

    Raises:
        RuntimeError: If the packages cannot be installed; the message has the installer's own.
    """
    if folder.is_dir():
        return folder
    packages = foreign_packages(files, python)
    if not packages:
        return None
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    done = subprocess.run(
        [
            *(find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--no-config"),
            *("--python", str(python), "--target", str(part), *packages),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{', '.join(packages)} cannot be installed: {done.stderr[-2000:]}")
    part.rename(folder)
    return folder


def _suffixes(python: Path) -> list[str]:
    done = subprocess.run(
        [str(python), "-c", "import importlib.machinery as m; print(*m.EXTENSION_SUFFIXES)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split() or importlib.machinery.EXTENSION_SUFFIXES
