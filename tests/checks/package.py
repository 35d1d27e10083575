"""Checks what `make build` has made: every handler is there, every binary is for arm64, every module has bytecode.

Run as `python -m tests.checks.package [FOLDER]`; the folder is `.aws-sam/build` by default.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
_ELF = b"\x7fELF"
_MACHINE_OFFSET = 18
_AARCH64 = 183  # e_machine of AArch64, elf.h
_BYTECODE = "__pycache__/{}.cpython-313.pyc"  # the runtime's version, in template.yaml


def problems(build: Path) -> Iterator[str]:
    """Say what is wrong with a build folder."""
    functions = _functions(build)
    if not functions:
        yield f"{build}: the built template has no function"
    for name, handler in functions.items():
        module = Path(*handler.split(".")[:-1]).with_suffix(".py")
        if not (build / name / module).is_file():
            yield f"{name}: {module} is missing"
        bare = [
            file
            for file in (build / name).rglob("*.py")
            if not (file.parent / _BYTECODE.format(file.stem)).is_file()
        ]
        if bare:
            yield f"{name}: {len(bare)} modules have no bytecode, such as {min(bare).name}: run make build"
        binaries = list(_binaries(build / name))
        if not binaries:
            # pydantic's core is one, so none at all means that the dependencies are missing.
            yield f"{name}: no binary at all"
        for file, machine in binaries:
            if machine != _AARCH64:
                yield f"{name}: {file.relative_to(build)} is not for arm64 (machine {machine})"


def _functions(build: Path) -> dict[str, str]:
    template = yaml.load((build / "template.yaml").read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    built = {
        name: (resource["Properties"]["Handler"], resource["Properties"].get("CodeUri", name))
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    # Functions of the same code share one folder.
    return {str(folder): handler for handler, folder in built.values()} if built else {}


def _binaries(folder: Path) -> Iterator[tuple[Path, int]]:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as content:
                head = content.read(_MACHINE_OFFSET + 2)
            if head.startswith(_ELF):
                order = "little" if head[5] == 1 else "big"
                yield file, int.from_bytes(head[_MACHINE_OFFSET:], order)  # type: ignore[arg-type]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's tags as plain values."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, node: str(node.value))


def main() -> int:
    """Print what is wrong; the exit status is 1 if something is."""
    build = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / ".aws-sam/build"
    found = list(problems(build))
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if not found:
        count = len(_functions(build))
        sys.stdout.write(json.dumps({"packages": count, "architecture": "arm64"}) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
