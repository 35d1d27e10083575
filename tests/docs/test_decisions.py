"""Every decision has its page, its row in the index, and the same parts; links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_index_names_every_page_with_its_question() -> None:
    listed = {
        file: question for question, file in re.findall(r"\| \[([^]]+)\]\(([\w-]+\.md)\) \|", INDEX)
    }
    titles = {
        path.name: path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# ")
        for path in PAGES
    }
    assert len(titles) >= 7
    assert listed == titles


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_question_decision_reasons_cost_and_end(page: Path) -> None:
    headings = re.findall(r"(?m)^## (.+)$", page.read_text(encoding="utf-8"))
    assert headings == ["Question", "Decision", "Why", "Cost", "When to revisit"]


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "README.md"], ids=lambda page: page.stem)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_in_the_code_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name, file in re.findall(r"`(\w+)` in `([\w/]+\.py)`", text):
        assert name in (FOLDER.parents[1] / file).read_text(encoding="utf-8"), name
    for file in re.findall(r"`((?:functions|local|cli|tests)/[\w/.]*)`", text):
        assert (FOLDER.parents[1] / file).exists(), file
