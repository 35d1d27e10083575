"""The size check finds what is too large, and exceptions that nothing needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks import sizes
from tests.checks.sizes import LIMITS, Size


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A project at every limit, with the one exception of the real one."""
    for place in sizes.PLACES:
        (tmp_path / place / "inside").mkdir(parents=True)
    for number in range(LIMITS["folder"]):
        (tmp_path / f"local/inside/m{number}.py").write_text("")
    (tmp_path / "local/inside/__init__.py").write_text("")
    (tmp_path / "cli/long.py").write_text("x = 1\n" * LIMITS["module"])
    (tmp_path / "cli/large.py").write_text(class_of(LIMITS["class"]))
    (tmp_path / "functions/handlers").mkdir()
    for number in range(LIMITS["folder"] + 1):
        (tmp_path / f"functions/handlers/stage{number}.py").write_text("")
    return tmp_path


def class_of(lines: int) -> str:
    return "@final\nclass Large:\n" + "    x = 1\n" * (lines - 2)


def test_what_is_at_its_limit_is_fine(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sizes.main(code) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "largest folder local/inside: 14 modules (limit 14)",
        "largest module cli/long.py: 300 lines (limit 300)",
        "largest class cli/large.py:Large: 150 lines (limit 150)",
    ]
    assert told.err == ""


def test_a_folder_a_module_and_a_class_that_are_too_large_are_found(
    code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code / "local/inside/one_more.py").write_text("")
    (code / "cli/long.py").write_text("x = 1\n" * (LIMITS["module"] + 1))
    (code / "cli/large.py").write_text(class_of(LIMITS["class"] + 1))
    assert sizes.main(code) == 1
    assert capsys.readouterr().err.splitlines() == [
        "class cli/large.py:Large: 151 lines, at most 150: split it where a reader would",
        "folder local/inside: 15 modules, at most 14: split it where a reader would",
        "module cli/long.py: 301 lines, at most 300: split it where a reader would",
    ]


def test_an_exception_holds_until_it_is_not_needed() -> None:
    large = Size("module", "cli/long.py", LIMITS["module"] + 1)
    assert list(sizes.problems([large], {"cli/long.py": "generated"})) == []
    small = Size("module", "cli/long.py", LIMITS["module"])
    assert list(sizes.problems([small], {"cli/long.py": "generated"})) == [
        "cli/long.py: is not too large; take its exception out of tests/checks/sizes.py"
    ]
    assert len(list(sizes.problems([], {"cli/gone.py": "generated"}))) == 1


def test_the_project_is_measured_whole() -> None:
    """Every module below functions/, cli/ and local/ is there, so that a limit holds for each."""
    measured = {size.name for size in sizes.sizes(sizes.PROJECT) if size.kind == "module"}
    there = {
        file.relative_to(sizes.PROJECT).as_posix()
        for place in sizes.PLACES
        for file in (sizes.PROJECT / place).rglob("*.py")
    }
    assert measured == there
    assert len(there) > 150
