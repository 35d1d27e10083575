"""README, Japanese README and model say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle import errors

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "README.ja.md"]


def rows_of_the_model() -> list[tuple[str, str]]:
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([\w.]+)` \|[^|]*\| ([^|]*) \|[^|]*\|$", table, flags=re.MULTILINE)


def test_the_input_table_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/input_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_japanese_page_has_every_field_and_default() -> None:
    page = (ROOT / "README.ja.md").read_text(encoding="utf-8")
    rows = rows_of_the_model()
    assert len(rows) > 25
    for name, default in rows:
        assert f"`{name}`" in page, name
        if default.startswith("`"):
            assert re.search(
                rf"^\| `{re.escape(name)}` \|[^|]*\| {re.escape(default)} \|", page, re.MULTILINE
            ), name


@pytest.mark.parametrize("page", PAGES)
def test_every_error_is_explained(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    def leaves(root: type[Exception]) -> list[str]:
        # What other modules derive for themselves never leaves a stage.
        children = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
        return (
            [name for child in children for name in leaves(child)] if children else [root.__name__]
        )

    assert [name for name in leaves(errors.LifecycleError) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)", text)
    assert [
        target
        for target in targets
        if not target.startswith("https://") and not (ROOT / target).exists()
    ] == []


def test_ci_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("make run", "make test", "make check", "make build"):
        assert command in script
