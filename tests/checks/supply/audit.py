"""Asks for known vulnerabilities of what is locked, and says clearly what it could not ask.

Run as `python -m tests.checks.supply.audit` (`make audit`). It needs a network that reaches the advisories of the
package registries, so it is no part of `make check`. Exit status: 0 when all was asked and nothing found, 1 when
something was found, 3 when nothing was found but not everything could be asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]
TOOLS = PROJECT / ".venv-tools" / "bin"
LOCKS = ("functions/requirements.txt", "agent/requirements.txt")
FOUND, NOT_ASKED = 1, 3
_SECONDS = 600


@dataclass
class Verdict:
    """What an audit says.

    Attributes:
        asked: How many packages were asked about.
        vulnerable: A line for each vulnerability.
        unasked: A line for what could not be asked.
    """

    asked: int = 0
    vulnerable: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)

    def status(self) -> int:
        """The exit status."""
        if self.vulnerable:
            return FOUND
        return NOT_ASKED if self.unasked else 0


def of_pip_audit(name: str, text: str, errors: str, verdict: Verdict) -> None:
    """Read the JSON of `pip-audit`; a package that it skips was not asked about."""
    try:
        packages = json.loads(text)["dependencies"]
    except (ValueError, KeyError):
        verdict.unasked.append(f"{name}: {_last(errors)}")
        return
    skipped = [package for package in packages if "skip_reason" in package]
    verdict.asked += len(packages) - len(skipped)
    if skipped:
        verdict.unasked.append(
            f"{name}: {len(skipped)} of {len(packages)} packages, such as: {skipped[0]['skip_reason']}"
        )
    for package in packages:
        for one in package.get("vulns", []):
            fixed = ", ".join(one.get("fix_versions", [])) or "no version"
            verdict.vulnerable.append(
                f"{name}: {package['name']} {package['version']}: {one['id']}, fixed in {fixed}"
            )


def of_npm_audit(text: str, errors: str, verdict: Verdict) -> None:
    """Read the JSON of `npm audit`."""
    try:
        found: dict[str, Any] = json.loads(text)
        packages = found["vulnerabilities"]
    except (ValueError, KeyError):
        message = found.get("message") if text.lstrip().startswith("{") else None
        verdict.unasked.append(f"package-lock.json: {message or _last(errors)}")
        return
    verdict.asked += found.get("metadata", {}).get("dependencies", {}).get("total", 0)
    for name, package in packages.items():
        verdict.vulnerable.append(f"package-lock.json: {name}: {package['severity']}")


def _last(errors: str) -> str:
    lines = errors.strip().splitlines()
    return lines[-1] if lines else "no answer"


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def main() -> int:
    """Print the verdict; the exit status says whether something was found, or could not be asked."""
    verdict = Verdict()
    options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
    for lock in LOCKS:
        ran = _run(TOOLS / "pip-audit", *options, "--requirement", lock)
        of_pip_audit(lock, ran.stdout, ran.stderr, verdict)
    ran = _run(TOOLS / "npm", "audit", "--json")
    of_npm_audit(ran.stdout, ran.stderr, verdict)
    for line in verdict.vulnerable:
        sys.stdout.write(f"vulnerable: {line}\n")
    for line in verdict.unasked:
        sys.stdout.write(f"COULD NOT ASK: {line}\n")
    sys.stdout.write(
        f"asked about {verdict.asked} packages, vulnerabilities {len(verdict.vulnerable)}, "
        f"could not ask {len(verdict.unasked)} of {len(LOCKS) + 1} locks completely\n"
    )
    return verdict.status()


if __name__ == "__main__":
    sys.exit(main())
