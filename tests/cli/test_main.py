"""The command as a whole: its help, its version, and how it ends when it is interrupted."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from typing import Any

import pytest

from cli import main as command
from cli.commands import run


def lifecycle(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setattr("sys.argv", ["lifecycle", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return ended.value.code


def test_the_version_is_that_of_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lifecycle(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"lifecycle {metadata.version('agentcore-lifecycle')}\n"


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ([], "lifecycle [OPTIONS] COMMAND [ARGS]..."),
        (["run"], "lifecycle run [OPTIONS]"),
        (["local", "delays"], "lifecycle local delays [OPTIONS] [NAME=SECONDS]..."),
        (["local", "faults", "clear"], "lifecycle local faults clear [OPTIONS] [ID]"),
    ],
)
def test_help_has_a_short_name_everywhere(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    usage: str,
) -> None:
    assert lifecycle(monkeypatch, *words, "-h") == 0
    assert usage in [
        line.strip().removeprefix("Usage: ") for line in capsys.readouterr().out.splitlines()
    ]


def test_an_interrupt_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_arguments: Any, **_keywords: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "local_target", interrupted)
    assert lifecycle(monkeypatch, "run") == 130
    assert capsys.readouterr() == ("", "lifecycle: interrupted\n")


def test_an_interrupt_during_the_imports_is_no_traceback() -> None:
    program = """
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from cli.main import main
main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
