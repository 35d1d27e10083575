"""What a person is told, and asked, before the environments of a local AWS are lost."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cli.commands.local import down
from cli.commands.local.leaving import stay_until_sure, warning
from cli.keeping.notes import Note
from cli.keeping.session import notes_of

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


class Typed(io.StringIO):
    """What is typed at a terminal."""

    def isatty(self) -> bool:
        return True


class Keys:
    """Presses Ctrl-C: in each `stay`, and in the waits after a question that are named."""

    def __init__(self, *again: bool) -> None:
        self.again = list(again)
        self.stays = 0

    def stay(self) -> None:
        self.stays += 1
        raise KeyboardInterrupt

    def sleep(self, _seconds: float) -> None:
        if self.again and self.again[0]:
            raise KeyboardInterrupt


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], Console]:
    def make(terminal: bool) -> Console:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: terminal))
        return Console(file=io.StringIO(), force_terminal=terminal, width=200, highlight=False)

    return make


def ask(
    monkeypatch: pytest.MonkeyPatch, console: Console, keys: Keys, names: list[str] | None
) -> str:
    monkeypatch.setattr(time, "sleep", keys.sleep)
    stay_until_sure(keys.stay, lambda: names, console, seconds=0.2)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_second_ctrl_c_stops_it(
    monkeypatch: pytest.MonkeyPatch, at_terminal: Callable[[bool], Console]
) -> None:
    keys = Keys(True)
    said = ask(monkeypatch, at_terminal(True), keys, ["dev", "shop"])
    assert "deletes 2 environments: dev, shop. Press Ctrl-C again within 0 s" in said
    assert keys.stays == 1


def test_without_a_second_one_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, at_terminal: Callable[[bool], Console]
) -> None:
    keys = Keys(False)
    console = at_terminal(True)

    def stay() -> None:
        keys.stays += 1
        keys.again = [keys.stays == 2]
        raise KeyboardInterrupt

    keys.stay = stay  # type: ignore[method-assign]
    said = ask(monkeypatch, console, keys, ["dev"])
    assert keys.stays == 2
    assert said.count("deletes 1 environment: dev.") == 2
    assert said.count("The local AWS goes on.") == 1


@pytest.mark.parametrize(("terminal", "names"), [(True, []), (False, ["dev"])])
def test_nothing_is_asked_when_nothing_is_lost_or_nobody_is_there(
    monkeypatch: pytest.MonkeyPatch,
    at_terminal: Callable[[bool], Console],
    *,
    terminal: bool,
    names: list[str],
) -> None:
    keys = Keys()
    assert ask(monkeypatch, at_terminal(terminal), keys, names) == ""
    assert keys.stays == 1


def test_many_environments_are_counted() -> None:
    names = [f"e{number}" for number in range(8)]
    assert warning(names).endswith("deletes 8 environments: e0, e1, e2, e3, e4 and 3 more.")
    assert warning(None).startswith("The local AWS does not say which environments it has.")
    assert warning([]) == ""


@pytest.mark.parametrize(
    ("words", "answer", "stopped"),
    [((), "n\n", False), ((), "y\n", True), (("--yes",), "", True)],
)
def test_down_asks_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    answer: str,
    *,
    stopped: bool,
) -> None:
    killed: list[int] = []
    running = SimpleNamespace(pid=1, endpoint_url="http://localhost:1")
    monkeypatch.setattr(down, "running_aws", lambda _state_dir: running)
    monkeypatch.setattr(down, "environments_in", lambda _state_dir: ["dev"])
    monkeypatch.setattr(os, "kill", lambda pid, _signal: killed.append(pid))
    monkeypatch.setattr(down, "_lives", lambda _pid: False)
    monkeypatch.setattr("sys.stdin", Typed(answer))
    assert lifecycle("down", *words) == (0 if stopped else 1)
    assert killed == ([1] if stopped else [])
    assert ("deletes 1 environment: dev." in capsys.readouterr().err) is (not words)


def test_down_does_not_ask_when_the_environments_are_kept(
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "up"
    folder.mkdir()
    (folder / "keeps-state").touch()
    killed: list[int] = []
    running = SimpleNamespace(pid=1, endpoint_url="http://localhost:1")
    monkeypatch.setattr(down, "running_aws", lambda _state_dir: running)
    monkeypatch.setattr(os, "kill", lambda pid, _signal: killed.append(pid))

    def ended(_pid: int) -> bool:
        notes_of(folder).replace({"dev": Note("dev", "", {})})
        return False

    monkeypatch.setattr(down, "_lives", ended)
    monkeypatch.setattr("sys.stdin", Typed("n\n"))
    assert lifecycle("down", "--state-dir", str(folder)) == 0
    assert killed == [1]
    told = capsys.readouterr()
    assert told.out == "stopped: http://localhost:1\n"
    assert told.err == "Kept for the next start with --keep-state: dev\n"
