"""What one claim's proof recorded, as a file that a person can send. docs/prove.md describes the format."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from cli.prove.redaction import Redactor

FORMAT = 1
"""The version of the format. A reader refuses another."""

Step = dict[str, Any]
"""One thing that was done, and what AWS answered: an execution, a call or an invocation."""


class RecordingError(Exception):
    """A file is no recording of this format."""


@dataclass
class Recording:
    """What one claim's proof recorded.

    Attributes:
        claim: The claim's name.
        place: The Region, or `local`.
        promise: What the claim says.
        date: The day, `YYYY-MM-DD` in UTC.
        versions: Versions of this product and of botocore.
        problems: What did not hold; empty if the claim holds.
        steps: What was done, in order. Each has a name of its own, `what`.
    """

    claim: str
    place: str
    promise: str
    date: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d}")
    versions: dict[str, str] = field(
        default_factory=lambda: {
            name: metadata.version(name) for name in ("agentcore-lifecycle", "botocore")
        }
    )
    problems: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def write(self, folder: Path, redactor: Redactor) -> Path:
        """Write the file `<place>/<claim>.json` below a folder, and return its path.

        Raises:
            LeakError: It would show something that must not leave the account.
        """
        redactor.restart()
        text = json.dumps(self._as_dict(redactor), ensure_ascii=False, indent=1) + "\n"
        redactor.check(text)
        file = file_of(folder, self.place, self.claim)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a recording.

        Raises:
            RecordingError: The file is no recording of this format.
        """
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if found.pop("format") != FORMAT:
                raise RecordingError(f"{file}: its format is not {FORMAT}")
            found.pop("holds")
            return cls(**found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordingError(f"{file}: no recording of a claim: {error}") from error

    def _as_dict(self, redactor: Redactor) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "claim": self.claim,
            "promise": self.promise,
            "place": self.place,
            "date": self.date,
            "versions": self.versions,
            "holds": not self.problems,
            "problems": redactor.value(self.problems),
            "steps": redactor.value(self.steps),
        }


def file_of(folder: Path, place: str, claim: str) -> Path:
    """Return where the recording of a claim is."""
    return folder / place / f"{claim}.json"
