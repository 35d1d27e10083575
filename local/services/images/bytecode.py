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
            given += sum(_give(str(here), str(there), module, ending) for module in modules)
    return given


def _give(here: str, there: str, module: str, ending: str) -> bool:
    # Strings instead of paths: an image has ten thousand of these files.
    bytecode = f"{here}/__pycache__/{module}{ending}"
    new = f"{there}/__pycache__/{module}{ending}"
    source, target = f"{here}/{module}.py", f"{there}/{module}.py"
    try:
        with open(bytecode, "rb", buffering=0) as file:  # noqa: PTH123
            # Almost always the rest is not needed.
            header = file.read(_HEADER)
        ours, theirs = os.stat(source), os.stat(target)  # noqa: PTH116
    except FileNotFoundError:
        return False
    if header[4:] != _stamp(ours):
        return False
    # uv links both from its cache.
    if not os.path.samestat(ours, theirs) and not filecmp.cmp(source, target, shallow=True):
        return False
    if _stamp(ours) == _stamp(theirs):
        with contextlib.suppress(OSError):  # another disk
            return _link(bytecode, new)
    if Path(new).exists():
        return False
    Path(new).parent.mkdir(exist_ok=True)
    data = Path(bytecode).read_bytes()
    Path(new).write_bytes(data[:4] + _stamp(theirs) + data[_HEADER:])
    return True


def _link(bytecode: str, new: str) -> bool:
    """Link a file; returns whether it was not there before."""
    try:
        os.link(bytecode, new)
    except FileExistsError:
        return False
    except FileNotFoundError:
        Path(new).parent.mkdir(exist_ok=True)
        os.link(bytecode, new)
    return True


def _stamp(status: os.stat_result) -> bytes:
    """Return the header's part about a source: flags 0, its time in seconds, its size."""
    numbers = (0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return b"".join(number.to_bytes(4, "little") for number in numbers)
