"""The open questions that the local AWS can play are on the page, in both languages."""

from __future__ import annotations

import pytest

from docs import readings_table
from local.readings import READINGS
from tests.docs.pages import code_in, input_rows, text_of


def test_the_table_is_made_from_the_readings() -> None:
    text = text_of("docs/local.md")
    assert readings_table.renewed(text) == text
    stale = text.replace("| `slow-start` |", "| `slow-stop` |")
    assert readings_table.renewed(stale) == text


@pytest.mark.parametrize("page", ["docs/local.md", "docs/ja/local.md"])
def test_each_page_has_every_name_and_value_in_order(page: str) -> None:
    rows = input_rows(page, "readings")
    assert [(row[0], tuple(code_in(row[2]))) for row in rows] == [
        (f"`{reading.name}`", reading.values) for reading in READINGS
    ]
