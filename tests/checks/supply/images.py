"""Checks the Dockerfiles with hadolint, and that everything that is fetched by name is pinned.

Run as `python -m tests.checks.supply.images`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
HADOLINT = PROJECT / ".venv-tools" / "bin" / "hadolint"
AGENT = "agent/Dockerfile"
REASONS = {
    (AGENT, "DL3029"): "AgentCore runs ARM64 only, whatever the machine that builds",
}
"""File and hadolint's rule, and why the finding stays."""

BY_TAG = {
    "public.ecr.aws/docker/library/python:3.13-slim": "the tag gets security fixes of Debian and Python at each "
    "build; a digest would freeze them, and the built image itself is pinned by its digest",
    "aws/codebuild/amazonlinux2-aarch64-standard:3.0": "AWS maintains it; a dated version of it would "
    "get no security fixes",
}
"""Images that a tag names, and why no digest does."""

_FROM = re.compile(r"(?im)^FROM\s+(?:--platform=\S+\s+)?(\S+)")
_PIP = re.compile(r"pip install (?!.*--require-hashes)")
_USES = re.compile(r"(?m)^\s*-?\s*uses:\s*(\S+)")
_COMMIT = re.compile(r"@[0-9a-f]{40}$")


def dockerfiles() -> list[str]:
    """The Dockerfiles that ship: those of the tests' own agents do not."""
    names = subprocess.run(
        ["git", "ls-files", "*Dockerfile"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in names.stdout.splitlines() if not name.startswith("tests/")]


def lint_problems(findings: list[dict[str, str]]) -> Iterator[str]:
    """Say which findings of hadolint have no reason, and which reasons have no finding."""
    found = {(each["file"], each["code"]): each["message"] for each in findings}
    for (file, code), message in sorted(found.items()):
        if (file, code) not in REASONS:
            yield f"{file}: {code}: {message}: fix it, or give the reason in {Path(__file__).name}"
    for file, code in sorted(set(REASONS) - set(found)):
        yield f"{file}: {code} no longer finds anything: remove its reason"


def image_problems(files: dict[str, str], template: str) -> Iterator[str]:
    """Say which images no digest pins, without a reason; and what a Dockerfile installs without hashes.

    Args:
        files: The text of each Dockerfile.
        template: The text of template.yaml.
    """
    named = {image: file for file, text in files.items() for image in _FROM.findall(text)}
    named |= dict.fromkeys(re.findall(r"(?m)^\s+Image: (\S+)", template), "template.yaml")
    for image, file in sorted(named.items()):
        if "@sha256:" not in image and image not in BY_TAG and image != "scratch":
            yield f"{file}: {image} has no digest: pin it, or give the reason in {Path(__file__).name}"
        if image.endswith(":latest") or ":" not in image.rpartition("/")[2]:
            yield f"{file}: {image} has no version"
    for image in sorted(set(BY_TAG) - set(named)):
        yield f"nothing names {image} any more: remove its reason"
    for file, text in files.items():
        if _PIP.search(text):
            yield f"{file}: pip install without --require-hashes"


def action_problems(files: dict[str, str]) -> Iterator[str]:
    """Say which actions of a workflow no commit pins; this repository has no workflow, its CI runs `.ci/run`."""
    for file, text in files.items():
        for action in _USES.findall(text):
            if not action.startswith("./") and not _COMMIT.search(action):
                yield f"{file}: {action}: name the commit, 40 hexadecimal digits"


def main() -> int:
    """Print what is wrong; the exit status is 1 if something is."""
    names = dockerfiles()
    ran = subprocess.run(
        [HADOLINT, "--format", "json", "--no-fail", *names],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {name: (PROJECT / name).read_text(encoding="utf-8") for name in names}
    workflows = {
        str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
        for path in (PROJECT / ".github" / "workflows").glob("*.y*ml")
    }
    template = (PROJECT / "template.yaml").read_text(encoding="utf-8")
    wrong = [
        *lint_problems(json.loads(ran.stdout)),
        *image_problems(files, template),
        *action_problems(workflows),
    ]
    for problem in wrong:
        sys.stderr.write(f"{problem}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
