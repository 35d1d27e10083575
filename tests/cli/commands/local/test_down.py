"""`lifecycle local down`."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from cli.commands.local import down

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


def test_down_waits_until_the_process_is_gone(
    monkeypatch: pytest.MonkeyPatch, lifecycle: Lifecycle, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = "import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(0.5), sys.exit(0)))"
    program = f"{slow}; print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    running = SimpleNamespace(pid=process.pid, endpoint_url="http://localhost:1")
    monkeypatch.setattr(down, "running_aws", lambda _state_dir: running)
    assert lifecycle("down") == 0
    assert capsys.readouterr().out == "stopped: http://localhost:1\n"
    reaper.join(timeout=5)
    process.stdout.close()
    assert process.returncode == 0
