"""The texts of the pages in both languages."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cli.console import rendering
from cli.console.words.texts import LANGUAGES, chosen, texts

CONSOLE = Path(rendering.__file__).parent
_USED = re.compile(r"""\bt(?:exts)?\(\s*["']([\w.]+)["']\s*[,)]""")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_values() -> None:
    english, japanese = texts("en").by_key, texts("ja").by_key
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        assert fields(text) == fields(japanese[key]), key


def test_every_text_of_a_template_is_there() -> None:
    known = texts("en").by_key
    found = {
        key
        for file in sorted((CONSOLE / "templates").rglob("*.html"))
        for key in _USED.findall(file.read_text("utf-8"))
    }
    assert len(found) > 20
    assert found <= known.keys()


def test_no_template_has_text_of_its_own() -> None:
    """Whatever stands between tags comes from the texts, in one of the languages."""
    for file in sorted((CONSOLE / "templates").rglob("*.html")):
        # A macro that makes attributes stands in no tag of its own file.
        read = re.sub(r"^hx-get=.*$", "", file.read_text("utf-8"), flags=re.M)
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", read, flags=re.S)
        text = re.sub(r"<[^>]*>", "", text)
        assert re.findall(r"[A-Za-z]{2,}", text) == [], file.name


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        (None, "fr,de;q=0.5", "en"),
        (None, "fr, ja;q=0.5, en;q=0.4", "ja"),
        ("en", "ja", "en"),
        ("xx", "ja", "ja"),
        ("../../x", None, "en"),
    ],
)
def test_the_language(cookie: str | None, accepted: str | None, language: str) -> None:
    assert chosen(cookie, accepted) == language


def test_the_switch_of_the_language_and_of_the_colours(browser: TestClient) -> None:
    assert '<html lang="en" data-theme="auto">' in browser.get("/").text
    assert '<html lang="ja"' in browser.get("/", headers={"Accept-Language": "ja"}).text
    for field, value in (("language", "ja"), ("theme", "dark")):
        assert browser.post("/preferences", data={field: value}).status_code == 303
    assert '<html lang="ja" data-theme="dark">' in browser.get("/").text
    browser.post("/preferences", data={"language": "xx", "theme": "xx"})
    assert '<html lang="ja" data-theme="dark">' in browser.get("/").text
    assert set(LANGUAGES) == {"en", "ja"}
