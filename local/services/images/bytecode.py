"""Gives an image the bytecode that this project's own environment has already.

Compiling what the agent imports takes ten seconds and more, and would be done again in every image. The
packages are the same files here and there (one lock file), so their bytecode is, too.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import sys
import sysconfig
from pathlib import Path

_HEADER = 16  # magic number, flags, the source's time and size, four bytes each (PEP 552)


def seed(packages: Path, own: Path | None = None) -> int:
    """Give modules the bytecode of equal modules elsewhere.

    Args:
        packages: The folder (`site-packages`) that lacks bytecode.
        own: The folder that has it; the running interpreter's by default, with which the other one's
            has to share the Python version.

    Returns:
        How many modules got theirs. A module whose text differs gets none.
    """
    own = own or Path(sysconfig.get_path("purelib"))
    ending = f".{sys.implementation.cache_tag}.pyc"
    given = 0
    for folder, folders, files in os.walk(own):
        here = Path(folder)
        there = packages / here.relative_to(own)
        if not there.is_dir():
            folders.clear()
        elif here.name != "__pycache__" and "__pycache__" in folders:
            modules = [name.removesuffix(".py") for name in files if name.endswith(".py")]
            given += sum(_give(here, there, module, ending) for module in modules)
    return given


def _give(here: Path, there: Path, module: str, ending: str) -> bool:
    bytecode = here / "__pycache__" / f"{module}{ending}"
    new = there / "__pycache__" / f"{module}{ending}"
    source, target = here / f"{module}.py", there / f"{module}.py"
    if not bytecode.is_file() or not target.is_file() or new.exists():
        return False
    with bytecode.open("rb") as file:
        # Almost always the rest is not needed, and an image has ten thousand of these files.
        header = file.read(_HEADER)
    if header[4:] != _stamp(source) or not filecmp.cmp(source, target, shallow=True):
        return False
    new.parent.mkdir(exist_ok=True)
    if header[4:] == _stamp(target):
        with contextlib.suppress(OSError):  # another disk
            os.link(bytecode, new)
            return True
    data = bytecode.read_bytes()
    new.write_bytes(data[:4] + _stamp(target) + data[_HEADER:])
    return True


def _stamp(source: Path) -> bytes:
    """Return the header's part about a source: flags 0, its time in seconds, its size."""
    status = source.stat()
    numbers = (0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return b"".join(number.to_bytes(4, "little") for number in numbers)
