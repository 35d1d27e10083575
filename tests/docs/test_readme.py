"""README, Japanese README and models say the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from docs import input_table
from lifecycle import errors
from lifecycle.artifact.publish import PublishedArtifact
from lifecycle.fleet.orphans import Orphan
from lifecycle.fleet.report import FleetReport, ItemResult
from lifecycle.fleet.request import parse_fleet_request
from lifecycle.identity.provision import AuthOutput
from lifecycle.outcome.report import OutcomeEvent
from lifecycle.request.model import parse_request
from lifecycle.runtime.description import DeployedRuntime
from lifecycle.runtime.promotion import PromotedVersion
from lifecycle.smoke_test.gate import Check
from lifecycle.smoke_test.run import SmokeTestReport
from lifecycle.teardown import Kept, Teardown

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "README.ja.md"]
ACTIONS = ("provision", "teardown", "smokeTest")
REQUIRED = {"README.md": input_table.REQUIRED, "README.ja.md": "必須"}


def page_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def cells_of(lines: list[str]) -> list[list[str]]:
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
        if line.startswith("|")
    ][2:]


def input_rows(page: str, name: str) -> list[list[str]]:
    found = re.search(rf"<!-- {name}\b[^>]*-->\n(.*?)<!-- /{name} -->", page_of(page), re.DOTALL)
    assert found is not None
    return cells_of(found[1].splitlines())


def output_rows(page: str, first: str) -> dict[str, str]:
    """The table of two columns that begins with a field: what is said of each, fields named in it included."""
    blocks = re.findall(r"(?:^\|.*\n)+", page_of(page), re.MULTILINE)
    tables = [cells_of(block.splitlines()) for block in blocks]
    (rows,) = (rows for rows in tables if len(rows[0]) == 2 and rows[0][0].startswith(f"`{first}`"))
    return {field: f"{names} {text}" for names, text in rows for field in code_in(names)}


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def aliases(*models: type[BaseModel]) -> set[str]:
    return {str(field.alias) for model in models for field in model.model_fields.values()}


def test_the_input_tables_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/input_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_stale_table_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "README.md"
    fresh = page_of("README.md")
    page.write_text(fresh.replace("| 1 to 20 |", "| 1 to 21 |"), encoding="utf-8")
    monkeypatch.setattr(input_table, "README", page)
    assert input_table.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert input_table.main([]) == 0
    assert page.read_text(encoding="utf-8") == fresh


@pytest.mark.parametrize("name", input_table.TABLES)
@pytest.mark.parametrize("page", PAGES)
def test_every_field_is_in_its_table_with_its_default(page: str, name: str) -> None:
    rows = list(input_table.rows(input_table.TABLES[name]))
    assert len(rows) > 5
    assert [(row[0], row[2]) for row in input_rows(page, name)] == [
        (f"`{field}`", REQUIRED[page] if default == input_table.REQUIRED else default)
        for field, _, default, _ in rows
    ]


@pytest.mark.parametrize("name", input_table.TABLES)
def test_both_pages_give_the_same_bounds(name: str) -> None:
    """Bounds are changed in a model, and one page is written by hand."""
    for ours, theirs in zip(*(input_rows(page, name) for page in PAGES), strict=True):
        # In Japanese a number is a numeral.
        allowed = re.sub(r"\bone\b", "1", ours[1])
        assert re.findall(r"\d+", allowed) == re.findall(r"\d+", theirs[1]), ours[0]


@pytest.mark.parametrize("page", PAGES)
def test_the_output_tables_name_every_field(page: str) -> None:
    own = output_rows(page, "environment")
    # What goes in comes out: but for how it is asked and for what becomes `failure`.
    came_in = aliases(OutcomeEvent) - {"request", "failure", "teardownFailure"}
    assert own.keys() == {"environment", "action", *came_in}
    inner = {
        "runtime": aliases(DeployedRuntime),
        "auth": aliases(AuthOutput),
        "artifact": aliases(PublishedArtifact),
        "smokeTest": aliases(SmokeTestReport, Check),
        "promotion": aliases(PromotedVersion),
        "teardown": aliases(Teardown, Kept) - {"done"} | {"dryRun"},
    }
    for field, names in inner.items():
        assert names - set(code_in(own[field])) == set(), field
    fleet = output_rows(page, "action")
    assert fleet.keys() == aliases(FleetReport)
    assert aliases(ItemResult) - set(code_in(fleet["environments"])) == set()
    assert aliases(Orphan) - set(code_in(fleet["orphans"])) == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_error_is_explained(page: str) -> None:
    text = page_of(page)

    def leaves(root: type[Exception]) -> list[str]:
        # What other modules derive for themselves never leaves a stage.
        children = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
        return (
            [name for child in children for name in leaves(child)] if children else [root.__name__]
        )

    assert [name for name in leaves(errors.LifecycleError) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = page_of(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    places = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in places, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_both_pages_give_the_same_commands() -> None:
    def commands(page: str) -> list[str]:
        blocks = re.findall(r"^```console\n(.*?)^```", page_of(page), re.MULTILINE | re.DOTALL)
        return [re.sub(r" +# .*$", "", block, flags=re.MULTILINE) for block in blocks]

    assert commands("README.md") == commands("README.ja.md")
    assert len(commands("README.md")) > 8


def test_both_pages_name_the_same_things() -> None:
    def names(page: str) -> set[str]:
        prose = re.sub(r"^```.*?^```", "", page_of(page), flags=re.MULTILINE | re.DOTALL)
        return set(code_in(prose))

    assert names("README.md") ^ names("README.ja.md") == set()


def test_every_parameter_that_is_named_is_one_of_the_template() -> None:
    template = page_of("template.yaml")
    for name in re.findall(r"`(\w+)=ENABLED`", page_of("README.md")):
        assert f"\n  {name}:\n" in template
    for name in ("ModelId", "FoundationModelId", "SourceBucket", "NotificationEmail"):
        assert f"`{name}`" in page_of("README.md")
        assert f"\n  {name}:\n" in template


@pytest.mark.parametrize("file", sorted((ROOT / "statemachine" / "inputs").glob("*.json")))
def test_inputs_to_paste_are_accepted(file: Path) -> None:
    parse_request(json.loads(file.read_text(encoding="utf-8")))


def test_examples_of_events_are_accepted() -> None:
    folder = ROOT / "events"
    parse_request(json.loads((folder / "envelope.json").read_text(encoding="utf-8")))
    (entry,) = json.loads((folder / "rebuild-requested.json").read_text(encoding="utf-8"))
    parse_request(json.loads(entry["Detail"]))
    parse_request(json.loads((folder / "prepare-request.json").read_text("utf-8"))["input"])


@pytest.mark.parametrize("page", PAGES)
def test_inputs_in_the_text_are_accepted(page: str) -> None:
    found = [json.loads(text) for text in re.findall(r"`(\{\"[^`]+\})`", page_of(page))]
    assert len(found) > 3
    for value in found:
        shown = value | ({"environment": "a"} if value.get("environment") == "…" else {})
        parse = (
            parse_request if shown.get("action", "provision") in ACTIONS else parse_fleet_request
        )
        parse(shown)


def test_ci_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("make run", "make test", "make check", "make build"):
        assert command in script
