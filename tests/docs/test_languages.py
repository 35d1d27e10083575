"""Each page says the same in both languages: the same headings, commands, tables and names."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.docs.pages import (
    JAPANESE,
    PAIRS,
    code_in,
    commands_of,
    headings_of,
    prose_of,
    tables_of,
    text_of,
)

both = pytest.mark.parametrize("pair", PAIRS, ids=[english for english, _ in PAIRS])

INPUT_COLUMNS = 4
"""How many columns a table has that is made from a model."""

_LETTER = "[\u3040-\u30ff\u3400-\u9fff]"


@both
def test_headings(pair: tuple[str, str]) -> None:
    english, japanese = ([level for level, _ in headings_of(page)] for page in pair)
    assert english == japanese
    assert english[0] == 1
    assert english.count(1) == 1


@both
def test_commands(pair: tuple[str, str]) -> None:
    assert commands_of(pair[0]) == commands_of(pair[1])


def test_there_are_commands() -> None:
    assert sum(len(commands_of(page)) for page, _ in PAIRS) > 8


@both
def test_tables(pair: tuple[str, str]) -> None:
    english, japanese = map(tables_of, pair)
    assert len(english) == len(japanese)
    for ours, theirs in zip(english, japanese, strict=True):
        assert len(ours.head) == len(theirs.head)
        assert len(ours.rows) == len(theirs.rows), ours.head
        for row, other in zip(ours.rows, theirs.rows, strict=True):
            assert len(row) == len(other) == len(ours.head), row
            if re.fullmatch(r"`[^`]+`(, `[^`]+`)*", row[0]):
                assert other[0] == row[0].replace(", ", "、")
            # What the models say of a field is not repeated word for word: there, the names of the page are compared.
            words = len(row) if len(row) < INPUT_COLUMNS else 1
            for cell, others in zip(row[:words], other[:words], strict=True):
                assert sorted(set(code_in(cell))) == sorted(set(code_in(others))), row[0]


@both
def test_names(pair: tuple[str, str]) -> None:
    english, japanese = (set(code_in(prose_of(page))) for page in pair)
    assert english ^ japanese == set()


@both
def test_excerpts(pair: tuple[str, str]) -> None:
    english, japanese = (
        re.findall(r"^```text\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL) for page in pair
    )
    assert english == japanese


@pytest.mark.parametrize("page", JAPANESE)
def test_japanese_lines_end_where_a_space_does_no_harm(page: str) -> None:
    """A line's end is shown as a space, which does not belong between two letters of a sentence."""
    lines = prose_of(page).splitlines()
    for line, following in itertools.pairwise(lines):
        broken = re.search(f"{_LETTER}$", line) and re.match(f" *{_LETTER}", following)
        assert not broken, f"{line} / {following}"
