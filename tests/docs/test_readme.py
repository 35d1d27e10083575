"""The README is short, shows the picture first, and its commands are those of the Makefile and of CI."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import commands_of, text_of

READMES = ("README.md", "README.ja.md")
LONGEST = 150


@pytest.mark.parametrize("page", READMES)
def test_it_is_short(page: str) -> None:
    assert len(text_of(page).splitlines()) <= LONGEST


@pytest.mark.parametrize("page", READMES)
def test_the_small_picture_is_above_the_first_command(page: str) -> None:
    text = text_of(page)
    suffix = ".ja" if page == "README.ja.md" else ""
    assert 0 < text.index(f"(docs/pictures/steps{suffix}.svg)") < text.index("```console")
    assert text.count("![") == 1


def test_ci_runs_what_the_readme_says() -> None:
    script = text_of(".ci/run")
    for command in ("make run", "make test", "make check", "make build"):
        assert command in script


def test_the_first_two_commands_are_of_the_makefile() -> None:
    first, command, *_ = commands_of("README.md")
    assert first.splitlines() == ["$ make run", "$ make test"]
    makefile = text_of("Makefile")
    recipe = re.search(r"^run:.*\n\t@(.*)$", makefile, re.MULTILINE)
    assert recipe is not None
    assert command.strip() == "$ " + recipe[1].replace("$(BIN)", ".venv/bin")
    assert re.search(r"^test:", makefile, re.MULTILINE)


def test_deploying_takes_three_lines() -> None:
    assert commands_of("README.md")[-1].splitlines() == [
        "$ sam build",
        "$ sam deploy --guided",
        "$ .venv/bin/lifecycle run --stack agentcore-lifecycle",
    ]
