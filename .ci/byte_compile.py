"""Byte-compiles what `sam build` has made. Usage: `python3.13 .ci/byte_compile.py .aws-sam/build`.

`/var/task` is read-only in Lambda, so a package without bytecode is compiled again at every cold start. The bytecode is
not compared with the source (PEP 552, unchecked hashes), since the zip changes the times of the files, and nobody edits
a package. The functions have the same code: it is compiled once and copied.
"""

from __future__ import annotations

import compileall
import filecmp
import py_compile
import shutil
import sys
from pathlib import Path


def byte_compile(build: Path) -> None:
    """Byte-compile every package of a build folder.

    Raises:
        SystemExit: There is no package, or one does not compile.
    """
    packages = sorted(path for path in build.iterdir() if path.is_dir())
    if not packages:
        sys.exit(f"{build} has no package: run sam build first")
    first, *others = packages
    _compile(first)
    names = _sources(first)
    for package in others:
        _, differ, errors = filecmp.cmpfiles(first, package, names, shallow=False)
        if differ or errors or _sources(package) != names:
            _compile(package)
            continue
        for folder in first.rglob("__pycache__"):
            shutil.copytree(folder, package / folder.relative_to(first), dirs_exist_ok=True)


def _compile(package: Path) -> None:
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(
        package, quiet=1, force=True, stripdir=str(package), invalidation_mode=unchecked
    ):
        sys.exit(f"{package} does not compile")


def _sources(package: Path) -> set[str]:
    return {str(path.relative_to(package)) for path in package.rglob("*.py")}


if __name__ == "__main__":
    byte_compile(Path(sys.argv[1]))
