"""Every link and every picture of every page leads to a file that there is, and to a heading of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import ENGLISH, JAPANESE, NAMES, PAIRS, ROOT, anchors_of, prose_of, text_of

PAGES = sorted(
    {
        *ENGLISH,
        *JAPANESE,
        *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
        *(str(path.relative_to(ROOT)) for path in ROOT.glob("*.md")),
    }
)


def targets_of(page: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose_of(page))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in targets_of(page):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors_of(str(file.relative_to(ROOT))), target


@pytest.mark.parametrize("page", [*ENGLISH, *JAPANESE])
def test_every_anchor_is_of_one_heading(page: str) -> None:
    assert [anchor for anchor, count in Counter(anchors_of(page)).items() if count > 1] == []


@pytest.mark.parametrize("pages", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_a_link_stays_in_its_language(pages: tuple[str, ...]) -> None:
    """Only the link to the same page in the other language, at the top, leaves it."""
    other = {(ROOT / page).resolve() for pair in PAIRS for page in pair if page not in pages}
    for page in pages:
        first, rest = prose_of(page).split("\n\n", 2)[1:]
        leaving = re.findall(r"\]\(([^)#\s]+)", first)
        assert len(leaving) == 2, page
        there = [((ROOT / page).parent / target).resolve() for target in leaving]
        assert [file for file in there if file in other] == [
            ROOT / pair[pages is ENGLISH] for pair in PAIRS if page in pair
        ]
        for target in re.findall(r"\]\(([^)#\s]+)", rest):
            assert ((ROOT / page).parent / target).resolve() not in other, f"{page}: {target}"


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_the_index_lists_the_pages_in_the_order_of_reading(folder: str) -> None:
    listed = re.findall(r"^\d+\. \[.+?\]\((.+?)\)", text_of(f"{folder}/README.md"), re.MULTILINE)
    assert tuple(listed) == NAMES[1:]
    there = {path.name for path in (ROOT / "docs" / "ja").glob("*.md")}
    assert there == set(NAMES)


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_every_page_leads_to_the_next(folder: str) -> None:
    for page, following in zip(NAMES[1:], (*NAMES[2:], "README.md"), strict=True):
        last = text_of(f"{folder}/{page}").rstrip().rpartition("\n\n---\n\n")[2]
        assert re.findall(r"\]\((.+?)\)", last) == [following], page


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readme_leads_to_every_page(name: str) -> None:
    folder = Path("docs/ja" if name.endswith(".ja.md") else "docs")
    linked = {target.partition("#")[0] for target in targets_of(name)}
    assert {str(folder / page) for page in NAMES} <= linked
