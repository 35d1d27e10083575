"""Checks who imports whom against the contracts in `.importlinter`.

Run as `python -m tests.checks.imports [FOLDER]`; the folder is the project by default. It prints nothing when every
contract holds, and otherwise what import-linter says: the contract, and each import that breaks it with its line.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
from importlinter.cli import lint_imports

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "handlers": "functions/handlers",
    "lifecycle": "functions/lifecycle",
    "agent": "agent",
    "local": "local",
    "cli": "cli",
}
"""Each package that the contracts are about, and its folder."""


def unseen(folder: Path) -> Iterator[str]:
    """Say which modules import-linter would not look at.

    grimp skips a folder without `__init__.py` when the folder above it has one. A contract about modules that are
    skipped always holds, so this is an error.
    """
    modules = grimp.build_graph(*PACKAGES, cache_dir=None).modules
    for package, place in PACKAGES.items():
        for file in sorted((folder / place).rglob("*.py")):
            inside = file.relative_to(folder / place).with_suffix("").parts
            name = ".".join((package, *inside)).removesuffix(".__init__")
            if name not in modules:
                yield (
                    f"{file.relative_to(folder)} is not seen: give an __init__.py to every folder "
                    f"of {place}/, or to none"
                )


def main(folder: Path) -> int:
    """Print what is wrong; the exit status is 1 if something is."""
    # Only this folder's packages. An editable install puts the project's own on the path, and import-linter adds the
    # working directory; two folders of one package without __init__.py would be read as one.
    own = [str(folder), str(folder / "functions")]
    project = {"", str(PROJECT), str(PROJECT / "functions")}
    sys.path[:] = own + [path for path in sys.path if path not in project]
    said = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(said):
        status = lint_imports(
            config_filename=str(folder / ".importlinter"), no_cache=True, no_logo=True
        )
    found = list(unseen(folder))
    if status:
        found.append(said.getvalue())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PROJECT))
