"""Turns paths inside an image into paths of this host.

An image here is a folder, not a file system of its own, so every absolute path in an instruction has to be
led below that folder: a `rm -rf /var/lib/apt/lists/*` must never reach the host's.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"

# A path that starts a word or follows = : ( < > , or a quote; not the // of an address, not s/a/b/.
_ABSOLUTE = re.compile(r"(?<![\w./$}~*?\])\\-])/(?!/)(?!(?:dev|proc)/)[\w.*][\w./@+*?\[\]-]*")


def inside(root: Path, path: str, workdir: str = "/") -> Path:
    """Return the host's path of a path in an image.

    Args:
        root: The image's file system.
        path: Absolute, or relative to `workdir`; `..` cannot lead out of the image.
        workdir: The image's working directory, absolute.

    Returns:
        A path below `root`.
    """
    parts: list[str] = []
    for part in PurePosixPath(workdir, path).parts[1:]:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return root.joinpath(*parts)


def shell_text(root: Path, text: str) -> str:
    """Lead every absolute path of a shell command below the image's folder (not /dev and /proc)."""
    return _ABSOLUTE.sub(lambda match: f"{root}{match.group()}", text)


def word(root: Path, text: str) -> str:
    """Lead one argument of a command below the image's folder, if it is an absolute path."""
    if text.startswith("/") and not text.startswith(("/dev/", "/proc/", "//")):
        return f"{root}{text}"
    return text


def value(root: Path, name: str, text: str) -> str:
    """Lead the paths in the value of an environment variable below the image's folder.

    Args:
        root: The image's file system.
        name: The variable's name; `PATH` keeps the host's own system folders.
        text: Its value: a path, several with `:` between, or anything else.

    Returns:
        The value for a process on this host.
    """
    if not text.startswith("/"):
        return text
    system = SYSTEM_PATH.split(":") if name == "PATH" else []
    return ":".join(each if each in system else word(root, each) for each in text.split(":"))
