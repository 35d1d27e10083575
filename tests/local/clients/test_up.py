"""What `lifecycle local up` leaves behind when it ends, and when it is killed: nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.embedded import find_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.clients.conftest import Up as UpProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

PROJECT = Path(__file__).parents[3]
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
WARM_SECONDS = 30
FUNCTIONS = 5
GONE_SECONDS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a process works, with a home and a place for temporary files of its own."""
    for name in ("work", "home", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def start(folder: Path, start_up: Callable[..., UpProcess]) -> Iterator[Callable[[], UpProcess]]:
    environment = {
        **os.environ,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(folder / "home" / ".cache"),
    }
    with contextlib.ExitStack() as started:
        yield lambda: started.enter_context(start_up(folder / "work", environment=environment))


def processes() -> dict[int, int]:
    """The parent of each process that is no zombie."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if state != "Z":
                found[int(folder.name)] = int(parent)
    return found


def descendants(pid: int) -> set[int]:
    parents = processes()
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening(pids: set[int]) -> set[str]:
    """The addresses, in hex, that processes listen on."""
    sockets, lines = set(), []
    for pid in pids:
        # A process, or a connection of it, may end while we look.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    sockets.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
            for table in ("tcp", "tcp6"):
                text = Path(f"/proc/{pid}/net/{table}").read_text()
                lines += [line.split() for line in text.splitlines()[1:]]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and line[9] in sockets}


def warmed(up: UpProcess) -> set[int]:
    """Its processes, once several of its functions have started, which it does in the background."""
    deadline = time.monotonic() + WARM_SECONDS
    while len(found := descendants(up.process.pid)) <= FUNCTIONS:
        assert time.monotonic() < deadline, f"{len(found)} processes"
        time.sleep(0.1)
    return found


def all_gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + GONE_SECONDS
    while pids & set(processes()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 0)]
)
def test_the_end_leaves_no_process_no_port_and_no_file_elsewhere(
    start: Callable[[], UpProcess], folder: Path, number: signal.Signals, status: int
) -> None:
    up = start()
    theirs = warmed(up)
    assert listens(up.port)
    assert listening(theirs) <= LOOPBACK
    assert up.end(number) == status
    assert not theirs & set(processes())
    assert not listens(up.port)
    assert find_running(up.state_dir) is None
    assert {str(path.relative_to(folder)) for path in folder.glob("*/*")} == {"work/state"}


def test_after_kill_9_nothing_runs_and_the_next_start_is_clean(
    start: Callable[[], UpProcess],
) -> None:
    first = start()
    theirs = warmed(first)
    first.end(signal.SIGKILL)
    assert all_gone(theirs)
    assert not listens(first.port)
    (first.state_dir / "images" / "stale").mkdir(parents=True)
    second = start()
    assert not (second.state_dir / "images" / "stale").exists()
    running = find_running(second.state_dir)
    assert running is not None
    assert running.pid == second.process.pid
    assert second.end() == 128 + signal.SIGTERM


def lifecycle(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "local", *words, "--state-dir", "state"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_in_the_background_it_outlives_the_command_and_shows_why_it_cannot_start(
    tmp_path: Path,
) -> None:
    made = lifecycle(tmp_path, "up", "-d", "--port", "0")
    running = find_running(tmp_path / "state")
    try:
        assert made.returncode == 0, made.stderr
        assert running is not None
        assert f"export AWS_ENDPOINT_URL={running.endpoint_url}" in made.stdout
        assert "its log: state/logs/embedded.log" in made.stderr
        assert (tmp_path / "state/logs/embedded.log").exists()
        assert "local down --state-dir state" in made.stderr
        # Nobody would see the address of a console that it serves itself.
        words = Path(f"/proc/{running.pid}/cmdline").read_bytes().split(b"\0")
        assert b"--no-console" in words
        assert " console --local --state-dir state\n" in made.stderr
        again = lifecycle(tmp_path, "up", "--detach")
        assert again.returncode == 2
        assert "a local AWS is already running" in again.stderr
    finally:
        ended = lifecycle(tmp_path, "down")
    assert ended.stdout == f"stopped: {running.endpoint_url}\n"
    assert all_gone({running.pid})
