"""A fake of the module that starts and finds local AWSs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cli.target import state_folder
from tests.cli.target.fakes import AlreadyRunningError, FakeEmbedded


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A stand-in for `local.embedded`; `module.running` is what is up."""
    fake: Any = ModuleType("local.embedded")
    fake.running = None
    fake.asked = []
    fake.find_running = lambda folder: fake.asked.append(folder) or fake.running
    fake.EmbeddedAws = FakeEmbedded
    fake.AlreadyRunningError = AlreadyRunningError
    FakeEmbedded.started = []
    monkeypatch.setitem(sys.modules, "local.embedded", fake)
    monkeypatch.setattr("local.emulator.running.find_running", fake.find_running)
    monkeypatch.setattr(state_folder, "STATE_ROOT", tmp_path / ".local")
    return fake
