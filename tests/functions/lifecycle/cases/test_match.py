"""What of an answer counts, and what must and must not match."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lifecycle.cases.match import mismatch, select
from lifecycle.request.case import Case
from lifecycle.smoke_test.patience import Patience

TEXT = '{"result": {"items": [{"name": "a", "n": 1}, {"name": "日本", "n": 2.5}], "none": null}}'
# Nested quantifiers, an alternation whose branches overlap, and a backreference that backtracks: each takes longer
# than the age of the universe for this text.
EXPLOSIVE = [r"(a+)+$", r"(a|aa|a)+$", r"(a*)*\1b"]


def why(text: str, seconds: float = 20, **case: Any) -> str | None:
    return mismatch(Case.model_validate({"prompt": "?", **case}), text, Patience(seconds))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("result.items[0].name", "a"),
        ("result.items[-1].name", "日本"),
        ("result.items[*].n", "[1, 2.5]"),
        ("result.items[?n > `1`].name | [0]", "日本"),
        ("result.items[0]", '{"name": "a", "n": 1}'),
        ("result.none", None),
        ("result.items[7]", None),
        ("no.such", None),
        ("result.items[::0]", None),
    ],
)
def test_a_path_finds_a_part(path: str, found: str | None) -> None:
    assert select(path, TEXT) == found


@pytest.mark.parametrize("text", ["no JSON", "", "[" * 5000, "[1]"])
def test_a_path_finds_nothing_in_another_answer(text: str) -> None:
    assert select("a.b", text) is None


def test_expect_must_match_and_reject_must_not() -> None:
    assert why("it is 42", expect=r"\b42\b") is None
    assert why("it is 43", expect=r"\b42\b") == "the answer does not match expect"
    assert why("it is 42", reject="4") == "the answer matches reject"
    assert why("it is 42", expect="42", reject="sorry") is None
    assert why("sorry: 42", expect="42", reject="sorry") == "the answer matches reject"


def test_only_the_part_that_a_path_finds_is_looked_at() -> None:
    assert why(TEXT, expect="日本", path="result.items[1].name") is None
    assert why(TEXT, reject="日本", path="result.items[0].name") is None
    # What is not there must not pass for want of a match.
    assert why(TEXT, reject="x", path="result.no") == "path finds nothing in the answer"


@pytest.mark.parametrize("pattern", EXPLOSIVE)
@pytest.mark.parametrize("field", ["expect", "reject"])
def test_an_expression_that_explodes_is_ended(pattern: str, field: str) -> None:
    began = time.monotonic()
    said = why("a" * 5000 + "!", seconds=1.0, **{field: pattern})
    assert time.monotonic() - began < 4
    assert said is not None
    assert said.startswith(f"{field} against the answer took longer than ")
