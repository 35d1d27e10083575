"""Results are counted right, and stay small however many there are."""

from __future__ import annotations

import json

import pytest

from lifecycle.cases.results import MOST_BATCH_BYTES, CaseResult, failed, fit, p95, report
from lifecycle.request.cases.lines import MOST_CASES
from lifecycle.request.cases.plan import MOST_BATCHES, MOST_QUESTIONS


def result(index: int, passed: int = 1, asked: int = 1, **more: object) -> CaseResult:
    given = {"index": index, "asked": asked, "passed": passed, "milliseconds": [100], **more}
    return CaseResult.model_validate(given)


def size(results: object) -> int:
    return len(json.dumps(results, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("times", "expected"),
    [([], None), ([70], 0.07), ([*range(1, 21)], 0.019), ([*range(100, 0, -1)], 0.095)],
)
def test_p95_is_the_nearest_rank(times: list[int], expected: float | None) -> None:
    assert p95(times) == expected


def test_each_answer_counts() -> None:
    found = report([result(0, 3, 4), result(1, 4, 4), result(2, 0, 4, milliseconds=[])], 12)
    assert (found.total, found.passed, found.pass_rate) == (12, 7, 0.5833)
    assert [(row.case, row.name, row.passed) for row in found.results] == [
        (1, "case 1", 3),
        (3, "case 3", 0),
        (2, "case 2", 4),
    ]
    assert [row.seconds for row in found.results] == [0.1, None, 0.1]


def test_the_longest_results_fit_into_a_state() -> None:
    """As many batches, each with as many questions, as long names and as long reasons as there can be."""
    each, repeat = MOST_CASES // MOST_BATCHES, MOST_QUESTIONS // MOST_CASES
    slow = [600_000] * repeat
    batch = [
        result(900 + n, 0, repeat, milliseconds=slow, name="天" * 64, reason="地" * 150)
        for n in range(each)
    ]
    kept = fit(batch, MOST_BATCH_BYTES // MOST_BATCHES)
    assert size([one.model_dump(by_alias=True) for one in kept]) <= MOST_BATCH_BYTES // MOST_BATCHES
    assert [one.index for one in kept] == [one.index for one in batch]
    assert [one.milliseconds for one in kept] == [slow] * each
    # The first ones keep what there is room for.
    found = report(kept * MOST_BATCHES, MOST_QUESTIONS)
    assert size(found.model_dump(by_alias=True)) <= 17_000
    assert found.omitted == MOST_CASES - len(found.results)


def test_what_fits_is_kept_whole() -> None:
    batch = [result(n, 0, name=f"n{n}", reason="why") for n in range(10)]
    assert fit(batch, 3000) == batch
    shorter = fit(batch, 925)
    assert shorter[0].reason == "why"
    assert shorter[-1].reason == ""
    assert shorter[-1].name == "n9"


def test_the_first_ten_that_failed_are_named() -> None:
    batch = [result(n, n % 2, reason="why not") for n in range(30)]
    said = failed(batch)
    assert said.startswith("case 1: why not; case 3: why not; ")
    assert said.endswith("; case 19: why not; and 5 more")
    long = [result(n, 0, name="n" * 64, reason="r" * 150) for n in range(1000)]
    assert len(failed(long)) < 850
    assert failed([result(0)]) == ""
