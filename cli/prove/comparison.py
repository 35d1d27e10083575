"""Compares two recordings of one claim, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.prove.recording import Recording

VARYING = frozenset(
    {"seconds", "milliseconds", "rounds", "timings", "answer", "text", "sourceHash", "buildId"}
)
"""Fields that differ between two runs by chance: times, rounds of a wait, and what a model says."""

_ABSENT = "(absent)"
_LONG = 160


@dataclass(frozen=True)
class Difference:
    """One field that differs.

    Attributes:
        step: The step's `what`.
        field: The path of the field, such as `output.runtime.version`.
        here: The value in the first recording, as JSON.
        there: The value in the second.
    """

    step: str
    field: str
    here: str
    there: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.step}: {self.field}: {self.here} | {self.there}"


def differences(one: Recording, other: Recording) -> list[Difference]:
    """Return the fields that differ between two recordings, in the order of the first."""
    here, there = (
        {step["what"]: dict(_leaves(step)) for step in recording.steps}
        for recording in (one, other)
    )
    found = []
    for what in dict.fromkeys((*here, *there)):
        if what not in here or what not in there:
            found.append(Difference(what, "step", *(_has(side, what) for side in (here, there))))
            continue
        ours, theirs = here[what], there[what]
        found += [
            Difference(what, path, ours.get(path, _ABSENT), theirs.get(path, _ABSENT))
            for path in dict.fromkeys((*ours, *theirs))
            if ours.get(path, _ABSENT) != theirs.get(path, _ABSENT)
        ]
    return found


def _has(side: dict[str, Any], what: str) -> str:
    return "recorded" if what in side else _ABSENT


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            if name not in VARYING:
                yield from _leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        text = json.dumps(value, ensure_ascii=False)
        yield path, text if len(text) <= _LONG else f"{text[:_LONG]}…"
