"""`lifecycle dev` and `lifecycle run` on a real local AWS: what is saved is what answers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.conftest import AGENTS

pytestmark = pytest.mark.embedded
END_SECONDS = 60


class Dev:
    """`lifecycle dev --json` on a folder."""

    def __init__(self, folder: Path, state_dir: Path) -> None:
        self.folder = folder
        value = {"artifact": {"type": "code"}, "auth": {"type": "iam"}}
        (folder.parent / "input.json").write_text(json.dumps(value))
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "cli.main", "dev", str(folder), "--json"),
                *("--environment", "edited", "--prompt", "two words"),
                *("--input", str(folder.parent / "input.json"), "--state-dir", str(state_dir)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # A shell that runs the tests in the background lets its children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def next(self) -> dict[str, Any]:
        """Return what it prints next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr and self.process.stderr.read()
        found: dict[str, Any] = json.loads(line)
        return found

    def save(self, text: str) -> None:
        (self.folder / "main.py").write_text(text)


@pytest.fixture
def dev(aws: Any, tmp_path: Path) -> Iterator[Dev]:
    shutil.copytree(AGENTS / "version", tmp_path / "agent")
    made = Dev(tmp_path / "agent", aws.state_dir)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.send_signal(signal.SIGINT)
        made.process.communicate(timeout=END_SECONDS)


def test_each_save_is_answered_and_ctrl_c_says_what_is_left(dev: Dev) -> None:
    text = (dev.folder / "main.py").read_text()
    first, end = dev.next(), dev.next()
    assert first["answer"].startswith('{"answer": "echo of two words by Python')
    assert (end["succeeded"], end["version"]) == (True, "1")

    dev.save(text.replace("echo of", "changed for"))
    answer, end = dev.next(), dev.next()
    assert "changed for two words" in answer["answer"]
    assert (end["version"], end["changed"]) == ("2", ["main.py"])

    dev.save(text.replace("import sys", "import sys\nimport no_such_module"))
    end = dev.next()
    assert not end["succeeded"]
    assert "No module named 'no_such_module'" in end["failure"]

    dev.save(text.replace("def answer(", "def answer("[:-1]))
    end = dev.next()
    assert end["failure"].startswith("main.py, line ")

    dev.save(text)
    assert "echo of two words" in dev.next()["answer"]
    # The content of the first round: nothing is built, and the version is a new one.
    end = dev.next()
    assert end["succeeded"]
    assert int(end["version"]) > 2

    dev.process.send_signal(signal.SIGINT)
    _, said = dev.process.communicate(timeout=END_SECONDS)
    assert dev.process.returncode == 0
    assert "Stopped. Environment edited is still on the local AWS" in said
    assert "teardown --local --state-dir" in said
