"""Checks that no folder, module or class of the product's code is too large to read.

Run as `python -m tests.checks.sizes [FOLDER]`; the folder is the project by default. It prints the largest folder,
module and class, and each that is over its limit.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PLACES = ("functions", "cli", "local")
LIMITS = {"folder": 14, "module": 300, "class": 150}
"""How large each kind may be: modules in a folder (without `__init__.py`), lines of a module, lines of a class."""
UNITS = {"folder": "modules", "module": "lines", "class": "lines"}
EXCEPTIONS = {
    "functions/handlers": "one module for each stage and trigger, none longer than a dozen lines",
}
"""What may be larger, by the name that this check prints, and why. One that is not larger is an error."""


@dataclass(frozen=True)
class Size:
    """How large something is: its kind (a key of `LIMITS`), its name, and the number of modules or lines."""

    kind: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.number} {UNITS[self.kind]}"


def sizes(root: Path) -> Iterator[Size]:
    """Measure every folder, module and class below the places of `root`."""
    for place in PLACES:
        folders = [root / place, *(path for path in (root / place).rglob("*") if path.is_dir())]
        for folder in sorted(folders):
            yield from _folder(root, folder)


def _folder(root: Path, folder: Path) -> Iterator[Size]:
    files = sorted(folder.glob("*.py"))
    modules = [file for file in files if file.name != "__init__.py"]
    if modules:
        yield Size("folder", folder.relative_to(root).as_posix(), len(modules))
    for file in files:
        name = file.relative_to(root).as_posix()
        text = file.read_text("utf-8")
        yield Size("module", name, len(text.splitlines()))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                # Decorators belong to the class that a reader sees.
                first = min([node.lineno, *(line.lineno for line in node.decorator_list)])
                last = node.end_lineno or node.lineno
                yield Size("class", f"{name}:{node.name}", last - first + 1)


def problems(found: list[Size], exceptions: dict[str, str]) -> Iterator[str]:
    """Say what is too large, and which exception is not needed."""
    large = [size for size in found if size.number > LIMITS[size.kind]]
    for size in large:
        if size.name not in exceptions:
            yield f"{size}, at most {LIMITS[size.kind]}: split it where a reader would"
    for name in exceptions.keys() - {size.name for size in large}:
        yield f"{name}: is not too large; take its exception out of tests/checks/sizes.py"


def main(root: Path = PROJECT) -> int:
    """Print the largest of each kind and what is wrong; the exit status is 1 if something is."""
    found = list(sizes(root))
    wrong = sorted(problems(found, EXCEPTIONS))
    for kind, limit in LIMITS.items():
        largest = max(
            (size for size in found if size.kind == kind and size.name not in EXCEPTIONS),
            key=lambda size: size.number,
        )
        sys.stdout.write(f"largest {largest} (limit {limit})\n")
    for problem in wrong:
        sys.stderr.write(f"{problem}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT))
