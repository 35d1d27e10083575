"""The pages of inputs and fleets have every field of the models, and every input on a page is accepted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from docs import input_table
from lifecycle.fleet.request import parse_fleet_request
from lifecycle.request.model import Request, parse_request
from tests.docs.pages import ENGLISH, JAPANESE, ROOT, input_rows, text_of

ACTIONS = get_args(Request.model_fields["action"].annotation)
FOLDERS = {"docs": input_table.REQUIRED, "docs/ja": "必須"}
"""Where the pages of a language are, and its word for a field that must be given."""


def test_the_tables_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/input_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", input_table.TABLES)
def test_a_stale_table_fails_the_check(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = {file: text_of(f"docs/{file}") for file in input_table.PAGES.values()}
    for file, text in fresh.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    stale = tmp_path / input_table.PAGES[name]
    row = re.search(r"^\| `(dryRun|credential)` \|.*$", fresh[stale.name], re.MULTILINE)
    assert row is not None
    stale.write_text(fresh[stale.name].replace(row[0], f"{row[0]}!"), encoding="utf-8")
    monkeypatch.setattr(input_table, "DOCS", tmp_path)
    assert input_table.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "stale" in said
    assert [file for file in fresh if file in said] == [stale.name]
    assert input_table.main([]) == 0
    assert {file: (tmp_path / file).read_text(encoding="utf-8") for file in fresh} == fresh


@pytest.mark.parametrize("name", input_table.TABLES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_field_is_in_its_table_with_its_default(folder: str, name: str) -> None:
    rows = list(input_table.rows(input_table.TABLES[name]))
    assert len(rows) >= 3
    page = f"{folder}/{input_table.PAGES[name]}"
    assert [(row[0], row[2]) for row in input_rows(page, name)] == [
        (f"`{field}`", FOLDERS[folder] if default == input_table.REQUIRED else default)
        for field, _, default, _ in rows
    ]


@pytest.mark.parametrize("name", input_table.TABLES)
def test_both_languages_give_the_same_bounds(name: str) -> None:
    """Bounds are changed in a model, and one page is written by hand."""
    tables = [input_rows(f"{folder}/{input_table.PAGES[name]}", name) for folder in FOLDERS]
    for ours, theirs in zip(*tables, strict=True):
        # In Japanese a number is a numeral.
        allowed = re.sub(r"\bone\b", "1", ours[1])
        assert re.findall(r"\d+", allowed) == re.findall(r"\d+", theirs[1]), ours[0]


@pytest.mark.parametrize("file", sorted((ROOT / "statemachine" / "inputs").glob("*.json")))
def test_inputs_to_paste_are_accepted(file: Path) -> None:
    parse_request(json.loads(file.read_text(encoding="utf-8")))


def test_examples_of_events_are_accepted() -> None:
    folder = ROOT / "events"
    parse_request(json.loads((folder / "envelope.json").read_text(encoding="utf-8")))
    (entry,) = json.loads((folder / "rebuild-requested.json").read_text(encoding="utf-8"))
    parse_request(json.loads(entry["Detail"]))
    parse_request(json.loads((folder / "prepare-request.json").read_text("utf-8"))["input"])


@pytest.mark.parametrize("pages", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_inputs_in_the_text_are_accepted(pages: tuple[str, ...]) -> None:
    text = "".join(map(text_of, pages))
    found = [json.loads(match) for match in re.findall(r"`(\{\"[^`]+\})`", text)]
    assert len(found) > 3
    for value in found:
        shown = value | ({"environment": "a"} if value.get("environment") == "…" else {})
        parse = (
            parse_request if shown.get("action", "provision") in ACTIONS else parse_fleet_request
        )
        parse(shown)


def test_an_event_on_a_page_is_the_example() -> None:
    (entry,) = json.loads(text_of("events/rebuild-requested.json"))
    for page in ("docs/deploying.md", "docs/ja/deploying.md"):
        assert f"`{entry['Source']}`" in text_of(page)
        assert f"`{entry['DetailType']}`" in text_of(page)
