"""What runs in an agent's own Python before the agent: here in a Python without an AgentCore around it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).resolve().parents[3] / "local" / "agentcore" / "child"
AGENT = """
import gc, json, socket
{first}
starting = gc.get_threshold()
other = socket.create_server(("0.0.0.0", 0))
beside = gc.get_threshold()
server = socket.create_server(("0.0.0.0", 8080))
print(json.dumps([starting, beside, gc.get_threshold()]))
"""


def thresholds(tmp_path: Path, *, first: str = "", hooked: bool = True) -> list[tuple[int, ...]]:
    """Run an agent, and return how often it collects garbage at its start, before and after it listens."""
    port = {
        "AGENTCORE_LOCAL_PORT": "8080",
        "AGENTCORE_LOCAL_PORT_FILE": str(tmp_path / "port"),
        "PYTHONPATH": str(CHILD),
        "PYTHONWARNINGS": "ignore::agentcore_local_port.Moved",
    }
    source = (
        AGENT.format(first=first)
        if hooked
        else "import gc, json\nprint(json.dumps([gc.get_threshold()]))"
    )
    command = [sys.executable, "-c", source]
    ended = subprocess.run(
        command, env=port if hooked else {}, capture_output=True, check=True, text=True
    )
    return [tuple(values) for values in json.loads(ended.stdout)]


def test_an_agent_collects_garbage_less_often_until_it_listens(tmp_path: Path) -> None:
    (usual,) = thresholds(tmp_path, hooked=False)
    starting, beside, listening = thresholds(tmp_path)
    assert starting[0] > usual[0]
    assert starting == beside
    assert listening == usual


@pytest.mark.parametrize("first", ["gc.set_threshold(9, 8, 7)", "gc.set_threshold(0)"])
def test_an_agent_that_sets_its_own_thresholds_keeps_them(tmp_path: Path, first: str) -> None:
    starting, beside, listening = thresholds(tmp_path, first=first)
    assert starting == beside == listening
