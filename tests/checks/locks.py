"""Checks the locks and that no tracked file names a package registry. Run as `python -m tests.checks.locks`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = {
    "requirements/bootstrap.in": "requirements/bootstrap.txt",
    "requirements/dev.in": "requirements/dev.txt",
    "requirements/tools.in": "requirements/tools.txt",
    "requirements/toolkit.in": "requirements/toolkit.txt",
    "requirements/clients.in": "requirements/clients.txt",
    "requirements/checkov.in": "requirements/checkov.txt",
    "requirements/functions.in": "functions/requirements.txt",
    "requirements/agent.in": "agent/requirements.txt",
}
# In parts, so that this file does not name what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
    )
]
_SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def normal(name: str) -> str:
    """Return a project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(source: str) -> Iterator[str]:
    """Return the names in a `*.in` file's text; those of other files that it names are checked there."""
    for line in source.splitlines():
        if (found := _NAME.match(line)) is not None:
            yield normal(found.group(1))


def lock_problems(name: str, source: str, lock: str) -> Iterator[str]:
    """Say what is wrong with a lock: a name that is missing, a version without hashes, a host."""
    pins = dict.fromkeys(
        normal(found) for found in re.findall(r"(?m)^([\w.-]+)(?:\[.*\])?==", lock)
    )
    for missing in [project for project in wanted(source) if project not in pins]:
        yield f"{name}: {missing} is not locked: run make lock"
    for entry in re.split(r"(?m)^(?=[\w.-]+(?:\[.*\])?==)", lock)[1:]:
        if "--hash=sha256:" not in entry:
            yield f"{name}: {entry.split()[0]} has no hash"
    if "://" in lock or "--index-url" in lock:
        yield f"{name}: names a host"


def registry_hosts() -> list[str]:
    """Return the public registries' names, and those that this machine is set up with."""
    hosts = list(REGISTRIES)
    for setting in _SETTINGS:
        for url in os.environ.get(setting, "").split():
            host = urlsplit(url.rpartition("=")[2]).hostname
            if host not in (None, "localhost", "127.0.0.1"):
                hosts.append(str(host))
    return hosts


def host_problems() -> Iterator[str]:
    """Say which tracked files name a package registry."""
    patterns = [part for host in registry_hosts() for part in ("-e", host)]
    found = subprocess.run(
        ["git", "grep", "-I", "-l", "-i", "--fixed-strings", *patterns],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode > 1:
        yield f"git grep failed: {found.stderr.strip()}"
    for file in found.stdout.splitlines():
        yield f"{file}: names a package registry"


def npm_problems() -> Iterator[str]:
    """Say what is wrong with npm's lock: a package without a hash, or with a place to load it from."""
    packages = json.loads((PROJECT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, package in packages.items():
        if "resolved" in package:
            yield f"package-lock.json: {name} names a host"
        if name and "integrity" not in package:
            yield f"package-lock.json: {name} has no hash"


def main() -> int:
    """Print what is wrong; the exit status is 1 if something is."""
    found = [*host_problems(), *npm_problems()]
    for source, lock in LOCKS.items():
        texts = [(PROJECT / file).read_text("utf-8") for file in (source, lock)]
        found += lock_problems(lock, *texts)
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
