"""The tables of the page about cost are computed from the recorded runs and the prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import cost_table


@pytest.mark.parametrize("page", cost_table.PAGES, ids=["English", "Japanese"])
def test_the_tables_are_made_from_the_recorded_runs(page: Path) -> None:
    language = cost_table.PAGES[page]
    text = page.read_text("utf-8")
    assert cost_table.renewed(text, language) == text
    assert cost_table.renewed(text.replace("$0.40", "$0.41"), language) == text
