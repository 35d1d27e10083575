"""The pages name every command of `lifecycle`, and every option that a user needs."""

from __future__ import annotations

import re
from functools import cache

import pytest
from typer.testing import CliRunner

from cli.application import app
from tests.docs.pages import code_in, prose_of

HELP = {"help", "version", "install-completion", "show-completion", "validate"}
"""Options that `--help` explains well enough, and the default of `--no-validate`."""


@cache
def help_of(*command: str) -> str:
    done = CliRunner().invoke(
        app, [*command, "--help"], env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"}
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def options_of(*command: str) -> set[str]:
    """The options in the first column of the help."""
    lines = [line for line in help_of(*command).splitlines() if re.match(r"^\W*--[a-z]", line)]
    found = {name for line in lines for name in re.findall(r"(?<=\s)--([a-z-]+)", line[:60])}
    assert "help" in found
    return found - HELP


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_every_option_of_run_is_on_a_page(folder: str) -> None:
    text = " ".join(code_in(prose_of(f"{folder}/deploying.md") + prose_of(f"{folder}/local.md")))
    options = options_of("run")
    assert {"local", "stack", "input", "no-validate"} <= options
    assert {name for name in options if f"--{name}" not in text} == set()


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_every_local_command_is_on_the_page(folder: str) -> None:
    text = " ".join(code_in(prose_of(f"{folder}/local.md")))
    listed = help_of("local").partition("Commands")[2]
    commands = set(re.findall(r"^\W*([a-z]+)\s{2,}", listed, re.MULTILINE))
    assert {"up", "env", "down"} <= commands
    assert {name for name in commands if f"lifecycle local {name}" not in text} == set()
    assert {name for name in options_of("local", "up") if f"--{name}" not in text} == set()


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_every_command_and_its_options_are_on_the_page(folder: str) -> None:
    text = " ".join(code_in(prose_of(f"{folder}/command-line.md")))
    names = re.findall(r"^\W*([a-z]+)\s{2,}", help_of().partition("Commands")[2], re.MULTILINE)
    assert {"run", "list", "show", "follow"} <= set(names)
    commands: list[tuple[str, ...]] = [
        (name,) for name in names if name not in ("fleet", "local", "prove", "run")
    ]
    fleet = help_of("fleet").partition("Commands")[2]
    commands += [("fleet", name) for name in re.findall(r"^\W*([a-z]+)\s{2,}", fleet, re.MULTILINE)]
    assert len(commands) > 10
    # Those of `run`, which other pages explain.
    known = {"state-dir", "input", "find-orphans"}
    for command in commands:
        assert f"lifecycle {' '.join(command)}" in text
        unknown = {name for name in options_of(*command) - known if f"--{name}" not in text}
        assert unknown == set(), command
