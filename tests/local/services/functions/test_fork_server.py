"""Functions' processes that are forked: the same as those that start by themselves, and gone with what started them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.children import Child, Children
from local.services.functions import fork_server
from local.services.functions.fork_server import (
    MODULES,
    PACKAGES,
    ForkedProcess,
    ForkServer,
    ForkServerError,
)
from tests.local.ended import gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks functions")

OF_THE_DEVELOPER = {"click", "pygments", "rich", "simplejson"}
"""What httpx and botocore load only where it is installed; it does not ship."""
LOOK = """
    import json, os, random, signal, sys, time
    import httpx
    found = {
        "arguments": sys.argv[1:],
        "name": __name__,
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "path": sys.path,
        "zone": time.tzname,
        "input": sys.stdin.read(),
        "encoding": sys.stdout.encoding,
        "leads": [os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
        "signals": [str(signal.getsignal(number)) for number in (signal.SIGCHLD, signal.SIGINT)],
        "blocked": [*map(str, signal.pthread_sigmask(signal.SIG_BLOCK, ()))],
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "httpx": httpx.__file__,
    }
    print(json.dumps([found, random.random()]), flush=True)
    print("to stderr", file=sys.stderr, flush=True)
    if sys.argv[1:] == ["stay"]:
        time.sleep(60)
    sys.exit(int(sys.argv[1]))
"""


class World:
    """A fork server, and the module `look` in the function's code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "code"
        self.code.mkdir()
        (self.code / "look.py").write_text(textwrap.dedent(LOOK), encoding="utf-8")
        self.children = Children(folder / "processes")
        self.server = ForkServer(self.children)

    def start(self, argument: str = "0", **more: str) -> tuple[Child, Iterator[str]]:
        """Start `look`; returns the process, and its output line by line."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{self.code}{os.pathsep}{self.folder / 'opt'}",
            "TZ": ":UTC",
            "LANG": "C.UTF-8",
            "SECOND": "two\nlines",
            **more,
        }
        read, write = os.pipe()
        process = self.server.start(
            ["look", argument], env=environment, cwd=self.code, stdout=write, name="LookFunction"
        )
        os.close(write)
        return process, _lines(read)

    def look(self, argument: str = "0", **more: str) -> tuple[dict[str, Any], float, Child]:
        """Run `look`; returns what it found, its random number, and its process."""
        process, output = self.start(argument, **more)
        found, number = json.loads(next(output))
        assert [*output] == ["to stderr\n"]
        assert process.wait() == int(argument)
        return found, number, process


def _lines(read: int) -> Iterator[str]:
    with os.fdopen(read, encoding="utf-8") as output:
        yield from output


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.children.close()


def test_a_forked_process_finds_what_one_that_starts_by_itself_finds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    forked, one, process = world.look("3")
    again, two, _ = world.look("3")
    assert isinstance(process, ForkedProcess)
    assert forked == again
    assert one != two
    monkeypatch.setattr(fork_server, "_can_fork", lambda _: False)
    alone, _, process = world.look("3")
    assert isinstance(process, subprocess.Popen)
    assert forked == alone
    assert forked["leads"] == [True, True]


def test_a_package_of_the_functions_own_wins(world: World) -> None:
    layer = world.folder / "opt"
    for own in (world.code / "httpx.py", layer / "httpx/__init__.py"):
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text("")
        found, _, process = world.look()
        assert isinstance(process, subprocess.Popen)
        assert found["httpx"] == str(own)
        own.unlink()
    shutil.rmtree(layer)
    _, _, process = world.look()
    assert isinstance(process, ForkedProcess)


@pytest.mark.parametrize("name", ["PYTHONDONTWRITEBYTECODE", "POWERTOOLS_DEBUG"])
def test_a_variable_that_is_read_early_is_read(world: World, name: str) -> None:
    assert isinstance(world.look(**{name: "1"})[2], subprocess.Popen)


def test_a_signal_is_told_as_the_exit_status(world: World) -> None:
    process, output = world.start("stay")
    next(output)
    assert process.poll() is None
    # Its arguments are those of the server, so its name says whose it is.
    assert Path(f"/proc/{process.pid}/comm").read_text() == "LookFunction\n"
    os.kill(process.pid, signal.SIGTERM)
    assert (process.wait(), process.poll()) == (-signal.SIGTERM, -signal.SIGTERM)
    process, output = world.start("stay")
    next(output)
    world.children.kill(process)
    assert process.poll() == -signal.SIGKILL


def test_a_server_that_was_killed_takes_its_processes_along_and_is_started_again(
    world: World,
) -> None:
    process, output = world.start("stay")
    next(output)
    (server,) = {int(file.name) for file in (world.folder / "processes").iterdir()} - {process.pid}
    os.kill(server, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert gone(process.pid)
    assert isinstance(world.look()[2], ForkedProcess)


def test_a_server_that_cannot_import_is_an_error_and_no_wait_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_server, "MODULES", ("no_such_module",))
    with pytest.raises(ForkServerError, match="-c 'import no_such_module'"):
        world.start()


def test_all_are_gone_at_the_end(world: World) -> None:
    processes = [world.start("stay")[0] for _ in range(2)]
    files = [*(world.folder / "processes").iterdir()]
    assert len(files) == 3
    world.children.close()
    assert all(gone(int(file.name)) for file in files)
    assert [process.poll() for process in processes] == [-signal.SIGKILL] * 2
    assert not [*(world.folder / "processes").iterdir()]


def test_all_are_gone_when_the_local_aws_is_killed(tmp_path: Path) -> None:
    script = f"""
        import os, sys, time
        from pathlib import Path
        sys.path.insert(0, {str(Path.cwd())!r})
        from tests.local.services.functions.test_fork_server import World
        folder = Path({str(tmp_path)!r})
        process, output = World(folder).start("stay")
        next(output)
        print(*(file.name for file in (folder / "processes").iterdir()), flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(signal.SIGKILL)
    assert all(map(gone, pids))


def test_a_process_that_has_just_started_can_be_killed(world: World) -> None:
    for _ in range(20):
        process, _ = world.start("stay")
        # It leads its group from the first moment on, or this would find no group and wait for ever.
        world.children.kill(process)
        assert process.poll() == -signal.SIGKILL


def test_nothing_is_started_at_the_end(world: World) -> None:
    world.children.close()
    with pytest.raises(OSError, match="the local AWS stops"):
        world.start()


def test_an_order_that_is_too_long_is_an_error_and_the_server_goes_on(world: World) -> None:
    world.look()
    with pytest.raises(OSError, match="too long"):
        world.start(LONG="x" * 1_000_000)
    world.look()
    # One server, and two processes.
    assert len([*(world.folder / "processes").iterdir()]) == 3


def test_the_packages_are_those_of_what_is_imported_ahead() -> None:
    code = f"import sys, {', '.join(MODULES)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    standard = {*sys.stdlib_module_names, *OF_THE_DEVELOPER}
    found = {name for name in shown.stdout.split() if not name.startswith("_")} - standard
    assert found == set(PACKAGES)


def test_what_is_imported_ahead_ships_with_the_functions() -> None:
    shipped = Path("functions/requirements.txt").read_text(encoding="utf-8")
    for module in MODULES:
        assert f"\n{module.partition('.')[0].replace('_', '-')}==" in f"\n{shipped}"
