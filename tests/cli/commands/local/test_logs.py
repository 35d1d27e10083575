"""`lifecycle local logs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.target.local_api import LocalApi

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


def test_the_log_of_a_function(
    api: LocalApi,
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "logs/functions"
    folder.mkdir(parents=True)
    name = "agentcore-lifecycle-CheckRuntimeFunction-8C6F5177B64A"
    (folder / f"{name}.log").write_text('{"message": "[stage] 完了"}\nEND\n', encoding="utf-8")
    health = {"stateDir": str(tmp_path), "stackName": "agentcore-lifecycle"}
    monkeypatch.setattr(api, "health", lambda: health)
    for asked in ("CheckRuntimeFunction", name):
        assert lifecycle("logs", asked) == 0
        assert capsys.readouterr().out == '{"message": "[stage] 完了"}\nEND\n'
    assert lifecycle("logs", "Check") == 2
    assert (
        "there is no log of Check; functions with a log: CheckRuntimeFunction"
        in capsys.readouterr().err
    )
