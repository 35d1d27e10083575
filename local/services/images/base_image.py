"""The only kind of base image: Python, as a virtual environment of the running interpreter."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from local.services.images.dockerfile import DockerfileError

PYTHON_HOME = "usr/local"
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"

_REPOSITORY = Path(__file__).parents[3]
# Accounts and file owners are not modelled: an image here belongs to whoever builds it.
_NO_EFFECT = ("useradd", "groupadd", "adduser", "addgroup", "chown", "chgrp")


def uv() -> str:
    """Return the path of uv: beside the running interpreter, or on `PATH`.

    Raises:
        DockerfileError: There is none.
    """
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise DockerfileError("uv is not installed: run `make setup`.")
    return found


def make(root: Path, name: str) -> None:
    """Make the file system of a base image.

    Args:
        root: An empty folder.
        name: The image's name; it must have `python` in it.

    Raises:
        DockerfileError: It is not a Python image, or the environment cannot be made.
    """
    if "python" not in name:
        raise DockerfileError(
            f"FROM {name}: the local build supports Python base images only (a name with 'python')."
        )
    for folder in ("bin", "usr/bin", "tmp", "root", "var/lib", "etc", "home", "opt"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for link, target in (("bin/sh", "sh"), ("bin/bash", "bash"), ("usr/bin/env", "env")):
        if program := shutil.which(target):
            (root / link).symlink_to(program)
    made = subprocess.run(
        [uv(), "venv", "--quiet", "--python", sys.executable, str(root / PYTHON_HOME)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise DockerfileError(f"FROM {name}: {made.stderr.strip()}")
    binaries = root / PYTHON_HOME / "bin"
    write_installers(root, "pip", "pip3", *(["uv"] if "uv" in name else []))
    for tool in _NO_EFFECT:
        write_program(binaries / tool, f'echo "{tool}: no effect in the local build"\n')
    # `python -m pip`, which has to come out at the same place.
    package = next((root / PYTHON_HOME / "lib").glob("python*/site-packages")) / "pip"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "__main__.py").write_text(
        f"import os, sys\nos.execv({str(binaries / 'pip')!r}, ['pip', *sys.argv[1:]])\n",
        encoding="utf-8",
    )


def python(root: Path) -> str:
    """Return the path of an image's interpreter on this host."""
    return str(root / PYTHON_HOME / "bin" / "python")


def write_installers(root: Path, *tools: str) -> None:
    """Write pip and uv of an image: launchers of the installer, which stays inside the image.

    Args:
        root: The image's file system.
        tools: `pip`, `pip3`, `uv`; a program of the name is replaced.
    """
    for tool in tools:
        text = _launcher("local.services.images.installer", tool.rstrip("3"), str(root))
        program = root / PYTHON_HOME / "bin" / tool
        program.unlink(missing_ok=True)  # it may share its content with uv's cache
        write_program(program, text)


def write_program(path: Path, text: str) -> None:
    """Write a shell script that can be run.

    Args:
        path: Where.
        text: What it does, in `sh`.
    """
    path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
    path.chmod(0o755)


def _launcher(module: str, *arguments: str) -> str:
    return launcher(module, *arguments, home=os.environ.get("HOME", ""))


def launcher(module: str, *arguments: str, home: str = "") -> str:
    """Write the shell text that runs one of our modules with the interpreter that runs now.

    Args:
        module: Its name.
        arguments: Its first arguments; the caller's follow.
        home: `HOME` for it, where its tools have their caches and settings; empty keeps the caller's.

    Returns:
        A line of `sh`.
    """
    words = [sys.executable, "-P", "-m", module, *arguments]
    settings = f"PYTHONPATH={shlex.quote(str(_REPOSITORY))}"
    if home:
        settings += f" HOME={shlex.quote(home)}"
    return f'{settings} exec {shlex.join(words)} "$@"\n'
