"""No process of a build outlives it, or whoever runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from local.services.build.process_group import ProcessGroup
from tests.local.ended import gone

CHILD = "sleep 60 & echo $! ; echo $$; wait"


def test_killing_the_group_kills_grandchildren(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        process = group.start(["sh", "-c", CHILD], {"PATH": os.environ["PATH"]}, tmp_path)
        assert process.stdout
        pids = [int(process.stdout.readline()) for _ in range(2)]
        group.kill()
        process.stdout.close()
        assert process.wait(5) == -signal.SIGKILL
    assert all(gone(pid) for pid in pids)


def test_kill_9_of_the_parent_kills_grandchildren(tmp_path: Path) -> None:
    program = f"""
import os, sys
from pathlib import Path
from local.services.build.process_group import ProcessGroup
group = ProcessGroup()
process = group.start(["sh", "-c", {CHILD!r}], dict(os.environ), Path({str(tmp_path)!r}))
for _ in range(2):
    sys.stdout.buffer.write(process.stdout.readline())
sys.stdout.flush()
process.wait()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[4]
    )
    with parent:
        assert parent.stdout
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert not any(gone(pid, 0.1) for pid in pids)
        parent.kill()
    assert all(gone(pid) for pid in pids)
