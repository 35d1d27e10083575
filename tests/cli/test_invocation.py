"""Hints name this command, the AWS CLI and files so that they can be pasted into a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli.invocation import aws_command, this_command


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `a bin` in the current directory, with `lifecycle` and `aws` in it; neither is on the PATH."""
    folder = tmp_path / "a bin"
    folder.mkdir()
    for name in ("lifecycle", "aws"):
        (folder / name).write_text("#!/bin/sh\necho called")
        (folder / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.defpath)
    return folder


def called_as(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("sys.argv", [name, "local", "status"])


@pytest.mark.parametrize("name", ["a bin/lifecycle", "./a bin/../a bin/lifecycle"])
def test_outside_of_the_path_a_hint_has_the_path_as_it_was_typed(
    installed: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    called_as(monkeypatch, name)
    assert shlex.split(this_command()) == [name]
    shown = subprocess.run(this_command(), shell=True, capture_output=True, check=True)  # noqa: S602
    assert shown.stdout == b"called\n"


def test_on_the_path_a_hint_has_the_name_alone(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installed))
    # What the kernel hands to the interpreter of a script that was found on the PATH.
    called_as(monkeypatch, str(installed / "lifecycle"))
    assert (this_command(), aws_command()) == ("lifecycle", "aws")


def test_another_program_of_that_name_on_the_path_is_not_meant(
    installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "lifecycle").write_text("")
    (other / "lifecycle").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))
    called_as(monkeypatch, "a bin/lifecycle")
    assert this_command() == "'a bin/lifecycle'"


def test_called_as_a_module_a_hint_names_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    called_as(monkeypatch, "/somewhere/cli/main.py")
    assert this_command() == f"{shlex.quote(sys.executable)} -m cli.main"


def test_the_aws_cli_that_is_installed_beside_is_named(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called_as(monkeypatch, "a bin/lifecycle")
    assert aws_command() == "'a bin/aws'"
    (installed / "aws").unlink()
    assert aws_command() == "aws"
