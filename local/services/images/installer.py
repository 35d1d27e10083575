"""`pip` and `uv` inside an image: uv does the work, from the cache of the person who builds.

Run as `python -m local.services.images.installer pip|uv IMAGE_ROOT arguments…`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.services.images import base_image, bytecode

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
        "--compile-bytecode",
        "--root-user-action=ignore",
        "--no-warn-script-location",
        "--user",
        "--system",
    }
)
# Options that say themselves where to install to.
_TARGETS = ("--python", "-p", "--target", "--prefix")
# Variables that are heeded here (`environment_of`, `bytecode.seed`), and that uv would heed once more.
_DECIDED = ("UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_COMPILE_BYTECODE")
_TRUE = ("1", "true", "t", "yes", "y", "on")
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
            given = any(each.split("=")[0] in ("--python", "-p") for each in kept)
            return kept if given else [*kept[:2], "--python", python, *kept[2:]]
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


def environment_of(
    arguments: list[str], variables: Mapping[str, str], folder: Path, root: Path
) -> str:
    """Return the interpreter that `uv pip` works for, as uv chooses it ("Using Python environments").

    Args:
        arguments: uv's arguments.
        variables: The environment of the command.
        folder: Where it runs.
        root: The image's file system.

    Returns:
        The interpreter of the image with `--system` or UV_SYSTEM_PYTHON, else that of the virtual environment.

    Raises:
        ValueError: There is no virtual environment.
    """
    own = base_image.python(root)
    chosen = [each for each in arguments if each.split("=")[0] in _TARGETS]
    if chosen or "--system" in arguments or variables.get("UV_SYSTEM_PYTHON", "").lower() in _TRUE:
        return own
    if active := variables.get("VIRTUAL_ENV"):
        return str(Path(active, "bin", "python"))
    for parent in (folder, *folder.parents):
        if (parent / ".venv" / "bin" / "python").exists() and parent.is_relative_to(root):
            return str(parent / ".venv" / "bin" / "python")
    raise ValueError(
        "error: No virtual environment found; run `uv venv` to create an environment, or pass `--system` "
        "to install into a non-virtual environment"
    )


def run(uv: str, arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run uv and return its exit status.

    With hashes, only one file of each package will do. If the cache has them all, no registry is asked: that takes
    longer than the installation.

    Args:
        uv: Its path.
        arguments: Its arguments.
        environment: Its variables.
    """
    if "install" in arguments and "--require-hashes" in arguments:
        offline = [uv, *arguments, "--offline"]
        tried = subprocess.run(
            offline, env=environment, capture_output=True, text=True, check=False
        )
        if tried.returncode == 0:
            sys.stdout.write(tried.stdout)
            sys.stderr.write(tried.stderr)
            return 0
    return subprocess.run([uv, *arguments], env=environment, check=False).returncode


def main() -> None:
    """Run uv, with what was asked of pip or uv; end with its status, or 1 for what it cannot do."""
    tool, image, *arguments = sys.argv[1:]
    root = Path(image)
    home = root / base_image.PYTHON_HOME
    python = base_image.python(root)
    try:
        if tool == "uv" and arguments[:1] == ["pip"]:
            python = environment_of(arguments, os.environ, Path.cwd(), root)
        translated = translate(tool, arguments, python)
    except ValueError as error:
        sys.exit(str(error))
    if translated is None:
        return
    environment = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", *_DECIDED)}
    status = run(base_image.uv(), translated, environment)
    if (home / "bin" / "uv").exists():
        base_image.write_installers(root, "uv")
    base_image.write_installers(root, "pip", "pip3")
    for packages in (home / "lib").glob("python*/site-packages"):
        bytecode.seed(packages)
    sys.exit(status)


if __name__ == "__main__":
    main()
