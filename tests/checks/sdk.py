"""Says when the AWS SDK that ships is not the newest: a new SDK knows new members of AgentCore. Never fails.

`python -m tests.checks.sdk` asks the package index by pip, and says so if the index does not answer.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "functions" / "requirements.txt"
_SECONDS = 20


def shipped(requirements: str) -> str:
    """The pinned version of botocore in a requirements file."""
    found = re.search(r"(?m)^botocore==([0-9.]+)", requirements)
    if found is None:
        raise ValueError("functions/requirements.txt does not pin botocore")
    return found[1]


def newest(listing: str) -> str | None:
    """The newest version in what `pip index versions botocore` prints; None when it prints none."""
    found = re.match(r"botocore \(([0-9.]+)\)", listing)
    return found[1] if found else None


def verdict(ours: str, latest: str | None) -> str:
    """One line for a person."""
    if latest is None:
        return f"botocore {ours} ships; the package index did not say which version is the newest"
    if [*map(int, latest.split("."))] > [*map(int, ours.split("."))]:
        return f"botocore {ours} ships, {latest} is the newest: raise it in requirements/functions.in and run make lock"
    return f"botocore {ours} ships, the newest"


def main() -> None:
    """Print the verdict."""
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "index", "versions", "botocore"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        ).stdout
    except subprocess.TimeoutExpired:
        asked = ""
    sys.stdout.write(f"{verdict(shipped(SHIPPED.read_text(encoding='utf-8')), newest(asked))}\n")


if __name__ == "__main__":
    main()
