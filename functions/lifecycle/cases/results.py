"""The results of cases: what a batch returns, and what the output and the cause show of all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from lifecycle.entry import Wire

# A state's input and output have at most 256 KiB: the request takes 100,000 bytes of it, the report of the smoke test
# and what is around them the rest.
MOST_BATCH_BYTES = 120_000
"""How many bytes the results of all batches have together."""
# The report is in the record, beside two requests, and in an event of EventBridge.
_MOST_REPORT_BYTES = 16_000
_NAMED = 10
_NAME, _REASON = 28, 45


class CaseResult(Wire):
    """What the questions of one case gave.

    Attributes:
        index: The case's place, from 0.
        name: Its name; empty when it has none, or when it did not fit.
        asked: How often it was to be asked.
        passed: How many of the answers passed.
        undecided: How many of them say nothing about the agent; left out of the JSON when there are none.
        milliseconds: How long each answer took; none for what was not asked.
        reason: Why the last answer that did not pass did not; empty when all passed, or when it did not fit.
    """

    index: int
    name: str = ""
    asked: int
    passed: int
    undecided: int = 0
    milliseconds: list[int]
    reason: str = ""

    @model_serializer(mode="wrap")
    def _short(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # All results of a smoke test share the space of one state's input.
        members: dict[str, Any] = whole(self)
        return {name: value for name, value in members.items() if name != "undecided" or value}

    @property
    def title(self) -> str:
        """The case's name, or `case` and its number from 1."""
        return self.name or f"case {self.index + 1}"


class CaseReport(Wire):
    """The results of one case, as the output shows them.

    Attributes:
        case: The case's number, from 1; for a JSONL object without empty lines, the line.
        name: Its name, or `case` and its number.
        asked: How often it was to be asked.
        passed: How many of the answers passed.
        seconds: How long the slowest answer took; null when there was none.
        reason: Why the last answer that did not pass did not; null when all passed.
    """

    case: int
    name: str
    asked: int
    passed: int
    seconds: float | None
    reason: str | None


class CasesReport(Wire):
    """The results of all cases, as the output shows them.

    Attributes:
        total: How many answers were asked for: cases times `repeat`.
        passed: How many of them passed.
        pass_rate: The one divided by the other.
        p95_seconds: The time that 95 % of the answers kept to (nearest rank); null when nothing was answered.
        results: Each case; those that failed first. At most as many as fit into 16,000 bytes.
        omitted: How many cases are not in `results`.
    """

    total: int
    passed: int
    pass_rate: float
    p95_seconds: float | None
    results: list[CaseReport]
    omitted: int


def fit(results: Sequence[CaseResult], most: int) -> list[CaseResult]:
    """Make the results of a batch small enough, from the last case on: first without reasons, then without names.

    Args:
        results: The results.
        most: How many bytes they may have as JSON.
    """
    kept = list(results)
    size = sum(map(_size, kept))
    for field in ("reason", "name"):
        for place in reversed(range(len(kept))):
            if size <= most:
                return kept
            shorter = kept[place].model_copy(update={field: ""})
            size -= _size(kept[place]) - _size(shorter)
            kept[place] = shorter
    return kept


def report(results: Sequence[CaseResult], total: int) -> CasesReport:
    """Count the results.

    Args:
        results: Those of all batches.
        total: How many answers were asked for.
    """
    passed = sum(result.passed for result in results)
    ordered = sorted(results, key=lambda result: (result.passed == result.asked, result.index))
    rows: list[CaseReport] = []
    left = _MOST_REPORT_BYTES
    for result in ordered:
        row = CaseReport(
            case=result.index + 1,
            name=result.title,
            asked=result.asked,
            passed=result.passed,
            seconds=max(result.milliseconds) / 1000 if result.milliseconds else None,
            reason=result.reason or None,
        )
        left -= _size(row)
        if left < 0:
            break
        rows.append(row)
    return CasesReport(
        total=total,
        passed=passed,
        pass_rate=round(passed / total, 4),
        p95_seconds=p95([one for result in results for one in result.milliseconds]),
        results=rows,
        omitted=len(results) - len(rows),
    )


def p95(milliseconds: Sequence[int]) -> float | None:
    """The least time, in seconds, that 95 % of some times do not exceed; None when there is none."""
    if not milliseconds:
        return None
    rank = math.ceil(0.95 * len(milliseconds))
    return sorted(milliseconds)[rank - 1] / 1000


def failed(results: Sequence[CaseResult]) -> str:
    """The first ten cases that failed, each with its reason, on one line."""
    names = [
        f"{_cut(result.title, _NAME)}: {_cut(result.reason or 'failed', _REASON)}"
        for result in sorted(results, key=lambda result: result.index)
        if result.passed < result.asked
    ]
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return "; ".join([*names[:_NAMED], *more])


def _size(result: Wire) -> int:
    shown = json.dumps(result.model_dump(mode="json", by_alias=True), ensure_ascii=False)
    return len(shown.encode()) + 2


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
