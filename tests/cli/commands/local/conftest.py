"""The local AWS's own API without a socket, and a local AWS that does not run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from werkzeug import Request

from cli import main
from cli.commands.local import calls, delays, faults, logs, status
from cli.target.local_api import LocalApi
from local.edge import local_api as served
from local.edge.calls import CallLog
from local.edge.faults import FaultPlan

Lifecycle = Callable[..., int]


class Delays:
    """The served API's delays."""

    def __init__(self) -> None:
        self.seconds = {"create": 5.0}

    def read(self) -> dict[str, float]:
        return self.seconds

    def change(self, seconds: dict[str, float]) -> None:
        self.seconds |= seconds


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def log() -> CallLog:
    return CallLog()


@pytest.fixture
def api(plan: FaultPlan, log: CallLog, monkeypatch: pytest.MonkeyPatch) -> LocalApi:
    """The real API behind httpx; the commands find it as that of the running local AWS."""
    app = served.LocalApi(log, plan, Delays(), lambda: {"stack": "agentcore-lifecycle"})

    def wsgi(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return app.respond(request, request.get_data())(environ, start_response)

    client = httpx.Client(transport=httpx.WSGITransport(app=wsgi))
    found = LocalApi("http://localhost:4566", client)
    for module in (faults, logs, calls, delays, status):
        monkeypatch.setattr(module, "running_api", lambda _state_dir: found)
    return found


@pytest.fixture
def lifecycle(monkeypatch: pytest.MonkeyPatch) -> Lifecycle:
    """Calls `lifecycle local …` with some arguments, and returns its exit status."""

    def call(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["lifecycle", "local", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return call


@pytest.fixture
def nothing_up(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for `local.embedded`, where nothing is up; the folders in which it was looked for."""
    fake: Any = ModuleType("local.embedded")
    asked: list[Path] = []
    fake.find_running = asked.append
    monkeypatch.setitem(sys.modules, "local.embedded", fake)
    monkeypatch.setattr("local.emulator.running.find_running", fake.find_running)
    return asked
