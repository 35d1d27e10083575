"""What `ask`, `token` and `logs` refuse before anything is called."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cli import main

Lifecycle = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lifecycle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Lifecycle:
    """Calls the command where no local AWS is running; returns its exit status, stdout and stderr."""
    fake: Any = ModuleType("local.embedded")
    fake.find_running = lambda _folder: None
    monkeypatch.setitem(sys.modules, "local.embedded", fake)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["lifecycle", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capsys.readouterr())

    return call


SHORT = "--session: given 5 characters, allowed: 33 to 256"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ask", "dev"), "give either a question or --payload, and not both"),
        (("ask", "dev", "hi", "--payload", "-"), "give either a question or --payload"),
        (("ask", "dev", "hi", "--session", "short"), SHORT),
        (("token", "dev", "--curl", "--json"), "use either --curl or --json"),
        (("ask", "dev", "--payload", "none.json"), "--payload none.json: cannot be read: No such"),
        (("ask", "dev", "hi", "--local", "--stack", "s"), "use either --local or --stack"),
        (("token", "dev", "--stack", "s", "--state-dir", "d"), "--state-dir is for the local AWS"),
        (("logs", "dev", "--since", "yesterday"), "--since: given yesterday, allowed: a number"),
        (("logs", "dev", "--since", "0m"), "--since: given 0m, allowed"),
        (("logs", "dev", "--stage", "deploy"), "--stage: given deploy, allowed: prepare_request,"),
        (("ask", "dev", "hi"), "or select a stack in AWS with --stack"),
        (("token", "dev"), "no local AWS is running: start one with `lifecycle local up`"),
        (("logs", "dev"), "no local AWS is running"),
    ],
)
def test_bad_usage_is_said_and_calls_nothing(
    lifecycle: Lifecycle, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = lifecycle(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("lifecycle: ")
    assert message in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "--payload standard input: is not UTF-8 text"),
        (b"{", "--payload standard input: is not JSON: Expecting property name"),
    ],
)
def test_a_payload_must_be_json(
    lifecycle: Lifecycle, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    code, _, err = lifecycle("ask", "dev", "--payload", "-")
    assert code == 2
    assert message in err
