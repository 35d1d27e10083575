"""`lifecycle local calls`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.edge.calls import Call, CallLog
from local.edge.credentials import Principal

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


@pytest.mark.usefixtures("api")
def test_calls_are_listed(
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    log: CallLog,
) -> None:
    function = Principal("CheckRuntimeFunction", None, "function")
    log.record(Call("sts", "GetCallerIdentity", None, "1", 0.0, 200))
    log.record(
        Call("bedrock-agentcore-control", "GetAgentRuntime", function, "2", 1.0, status=None)
    )
    monkeypatch.setenv("COLUMNS", "40")  # nothing is cut or folded
    chosen = ("calls", "--caller", "CheckRuntimeFunction")
    assert lifecycle(*chosen) == 0
    _, line = capsys.readouterr().out.splitlines()
    when, *rest = line.split()
    assert when.endswith(":01.000")
    assert rest == ["CheckRuntimeFunction", "bedrock-agentcore-control", "GetAgentRuntime"]
    assert lifecycle(*chosen, "--json") == 0
    assert json.loads(capsys.readouterr().out)["operation"] == "GetAgentRuntime"
