"""`pip` and `uv` inside an image: uv does the work, from the cache of the person who builds.

Run as `python -m local.services.images.installer pip|uv IMAGE_ROOT arguments…`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local.services.images import bytecode
from local.services.images.base_image import PYTHON_HOME, uv

# What matters to pip in a container, and not to uv here: the cache is the host's, and it stays.
_NO_EFFECT = frozenset(
    {
        "--no-cache-dir",
        "--no-cache",
        "-n",
        "--disable-pip-version-check",
        "--no-input",
        "--prefer-binary",
        "--no-compile",
        "--root-user-action=ignore",
        "--no-warn-script-location",
        "--user",
        "--system",
    }
)
_LIKE_PIP = frozenset({"install", "uninstall", "list", "show", "freeze", "check", "tree"})


def translate(tool: str, arguments: list[str], python: str) -> list[str] | None:
    """Turn a call of pip or uv inside an image into a call of uv on the host.

    Args:
        tool: `pip` or `uv`.
        arguments: Its arguments.
        python: The image's interpreter, as a path of the host.

    Returns:
        uv's arguments, or `None` if there is nothing to do (`pip cache purge`).

    Raises:
        ValueError: A pip command that uv does not have.
    """
    kept = [each for each in arguments if each not in _NO_EFFECT]
    if tool == "uv":
        if kept[:1] == ["pip"]:
            return [*kept[:2], "--python", python, *kept[2:]]
        return None if kept[:1] == ["cache"] else kept
    command = next((each for each in kept if not each.startswith("-")), None)
    if command == "cache":
        return None
    if command not in _LIKE_PIP:
        raise ValueError(
            f"pip {' '.join(arguments)}: the local build does not support this command."
        )
    kept.remove(command)
    uninstall = [each for each in kept if each not in ("-y", "--yes")]
    return ["pip", command, "--python", python, *(uninstall if command == "uninstall" else kept)]


def main() -> None:
    """Run uv, with what was asked of pip or uv; end with its status, or 1 for what it cannot do."""
    tool, root, *arguments = sys.argv[1:]
    home = Path(root, PYTHON_HOME)
    try:
        translated = translate(tool, arguments, str(home / "bin" / "python"))
    except ValueError as error:
        sys.exit(str(error))
    if translated is None:
        return
    environment = {**os.environ, "VIRTUAL_ENV": str(home)}
    del environment["PYTHONPATH"]
    status = subprocess.run([uv(), *translated], env=environment, check=False).returncode
    for packages in (home / "lib").glob("python*/site-packages"):
        bytecode.seed(packages)
    sys.exit(status)


if __name__ == "__main__":
    main()
