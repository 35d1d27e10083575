"""Agents end with the embedded AWS, even when nobody has the time to end them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local.ended import has_ended

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

ROOT = Path(__file__).parents[3]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]

OWNER = """
import sys, time
from pathlib import Path
from local.agentcore.data.process import AgentProcess, Launch
from local.children import Children

children = Children(Path(sys.argv[1]))
launch = Launch([sys.executable, "agent.py"], {}, Path(sys.argv[2]), 8080, "/ping")
agent = AgentProcess(launch, children, lambda line: None, Path(sys.argv[2]))
agent.wait_ready(20)
print(agent.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children at once")
def test_agents_die_with_a_parent_that_is_killed(world: World, tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "pids"), str(tmp_path / "echo")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert world.alive(pid)
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while world.alive(pid) and not has_ended(pid):
        assert time.monotonic() < deadline, "the agent outlives its parent"
        time.sleep(0.01)


def test_the_next_start_ends_what_was_left(world: World, tmp_path: Path) -> None:
    # Not a child of the embedded AWS: as on a system whose kernel does not end children.
    left = subprocess.Popen(SLEEPER, start_new_session=True)
    pids = tmp_path / "state2" / "agentcore" / "processes"
    pids.mkdir(parents=True)
    stat = Path(f"/proc/{left.pid}/stat")
    if not stat.exists():
        pytest.skip("the birth of a process is told otherwise here")
    birth = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    (pids / str(left.pid)).write_text(birth, encoding="utf-8")
    core = world.another(tmp_path / "state2")
    try:
        assert left.wait(timeout=10) == -signal.SIGKILL
    finally:
        core.close()
        left.poll()
    assert list(pids.iterdir()) == []


def test_a_closed_agentcore_leaves_no_process_and_no_thread(world: World) -> None:
    arn = world.ready()["agentRuntimeArn"]
    pids = [world.invoke(arn)["pid"] for _ in range(2)]
    world.core.close()
    assert not any(world.alive(pid) for pid in pids)
    assert list((world.tmp_path / "state" / "agentcore" / "processes").iterdir()) == []
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        left = set(children.read_text().split())
        assert not left & {str(pid) for pid in pids}
