"""`lifecycle local up`, on a fake local AWS."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cli.commands.local import up
from cli.console import server
from cli.console.security import Gate
from cli.errors import UsageError
from cli.keeping.notes import Note
from cli.keeping.session import notes_of
from cli.target import deployed as target
from cli.target import state_folder
from local.edge.faults import Fault, FaultPlan, ImpossibleFaultError

if TYPE_CHECKING:
    from tests.cli.commands.local.conftest import Lifecycle


class FakeEmbedded:
    """Stands in for `EmbeddedAws`, with one function and one role."""

    endpoint_url = "http://localhost:4566"

    def __init__(self, state_dir: Path, faults: FaultPlan) -> None:
        self.state_dir, self.faults = state_dir, faults
        role = SimpleNamespace(ref="agents", attributes={"Arn": "arn:aws:iam::1:role/agents"})
        table = SimpleNamespace(ref="table", attributes={"Arn": "arn:aws:dynamodb:::table/table"})
        self.stack = SimpleNamespace(resources={"Role": role, "Table": table})
        self.functions = SimpleNamespace(specs=lambda: [SimpleNamespace(logical_id="AppFunction")])

    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint_url}

    def __enter__(self) -> FakeEmbedded:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.fixture
def started(
    monkeypatch: pytest.MonkeyPatch, plan: FaultPlan, nothing_up: list[Path], tmp_path: Path
) -> list[dict[str, Any]]:
    """Lets `up` start a fake; the arguments of each start."""
    module: Any = sys.modules["local.embedded"]
    starts: list[dict[str, Any]] = []

    def start(**arguments: Any) -> FakeEmbedded:
        starts.append(arguments)
        return FakeEmbedded(arguments["state_dir"], plan)

    module.EmbeddedAws = SimpleNamespace(start=start)
    module.AlreadyRunningError = RuntimeError
    monkeypatch.setattr(state_folder, "STATE_ROOT", tmp_path)
    monkeypatch.setattr(up, "log_to", lambda _state_dir: None)
    return starts


def test_up_tells_the_faults_who_may_call(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    plan: FaultPlan,
    tmp_path: Path,
) -> None:
    def stay() -> None:
        for caller in ("AppFunction", "agents", "root", "stepfunctions"):
            plan.add(Fault("s3", "*", "throttle", caller=caller))
        with pytest.raises(ImpossibleFaultError, match="there is no caller table; there are App"):
            plan.add(Fault("s3", "*", "throttle", caller="table"))
        raise KeyboardInterrupt

    monkeypatch.setattr(up, "stay", stay)
    arguments = ("up", "--port", "0", "--state-dir", str(tmp_path), "--delay", "create=1")
    assert lifecycle(*arguments) == 0
    (start,) = started
    assert (start["port"], start["state_dir"], start["delays"].create) == (0, tmp_path, 1.0)
    assert len(plan.list()) == 4


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_up_refuses_a_port_that_there_is_not(
    started: list[dict[str, Any]], lifecycle: Lifecycle, port: str
) -> None:
    assert lifecycle("up", "--port", port) == 2
    assert started == []


def test_a_signal_that_another_thread_gets_ends_it() -> None:
    program = """
import signal, sys, threading, time
from cli.commands.local import up
from cli.console import server
from cli.errors import UsageError
from cli.target import deployed as target
from cli.target import state_folder
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
def later():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=later).start()
up.stay()
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=20, check=False)
    assert ended.returncode == 143


def test_ctrl_c_says_before_and_after_that_environments_are_lost(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def stay() -> None:
        said = (
            "up at http://localhost:4566; Ctrl-C stops the local AWS and deletes every environment"
        )
        assert capsys.readouterr().err.startswith(said)
        raise KeyboardInterrupt

    monkeypatch.setattr(up, "stay", stay)
    for name in ("logs", "cache", "agentcore"):
        (tmp_path / name).mkdir()
    for name in ("lock", "running.json"):
        (tmp_path / name).touch()
    assert lifecycle("up", "--state-dir", str(tmp_path)) == 0
    said = "Stopped. The local AWS and every environment in it are gone."
    assert capsys.readouterr().err.splitlines()[-1] == said
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "cache", "lock"}


@pytest.mark.parametrize("names", [("dev",), ()])
def test_keep_state_says_before_and_after_what_is_kept(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    names: tuple[str, ...],
) -> None:
    folder, noted = tmp_path / "up", Note("shop", "", {})
    folder.mkdir()
    notes_of(folder).replace({"shop": noted})

    @contextmanager
    def kept(local_aws: Any, *_arguments: Any, waiting: list[Note] | None) -> Iterator[None]:
        assert (local_aws.state_dir, waiting) == (folder, [noted])
        yield
        notes_of(folder).replace({name: Note(name, "", {}) for name in names})

    def stay() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(up, "kept", kept)
    monkeypatch.setattr(up, "stay", stay)
    assert lifecycle("up", "--keep-state", "--no-console", "--state-dir", str(folder)) == 0
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.endswith("Ctrl-C stops the local AWS and keeps its environments")
    assert last == (
        "Stopped. Kept for the next start with --keep-state: dev"
        if names
        else "Stopped. The local AWS and every environment in it are gone."
    )


def test_a_note_that_cannot_be_read_is_said_before_anything_starts(
    started: list[dict[str, Any]],
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = notes_of(tmp_path / "up").folder
    folder.mkdir()
    (folder / "dev.json").touch()
    assert lifecycle("up", "--keep-state", "--state-dir", str(tmp_path / "up")) == 2
    assert "dev.json cannot be read" in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("wanted", [True, False])
def test_the_console_is_served_beside_it_until_it_ends(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
    wanted: bool,
) -> None:
    served, ended = threading.Event(), threading.Event()

    @contextmanager
    def console_served(place: Any, port: int | None) -> Iterator[Gate]:
        assert (place, port) == ("the stack", None)
        served.set()
        yield Gate(4580, token="x")
        ended.set()

    def stay() -> None:
        assert served.wait(60 if wanted else 0) is wanted
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "console_served", console_served)
    monkeypatch.setattr(target, "deployed", lambda *_a, **_k: "the stack")
    monkeypatch.setattr(up, "stay", stay)
    assert lifecycle("up", *([] if wanted else ["--no-console"])) == 0
    assert ended.is_set() is wanted
    told = capsys.readouterr()
    assert ("console at http://127.0.0.1:4580/?token=x\n" in told.err) is wanted
    assert "token" not in told.out


def test_a_console_that_cannot_start_does_not_end_it(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = threading.Event()

    def deployed(*_arguments: Any, **_options: Any) -> None:
        failed.set()
        raise UsageError("no stack")

    def stay() -> None:
        assert failed.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(target, "deployed", deployed)
    monkeypatch.setattr(up, "stay", stay)
    assert lifecycle("up") == 0
    told = capsys.readouterr().err
    assert "The console could not start: no stack" in told
    assert told.splitlines()[-1].startswith("Stopped.")


def test_up_passes_on_how_containers_reach_it(
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    lifecycle: Lifecycle,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stay() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(up, "stay", stay)
    assert lifecycle("up", "--host-name", "host.docker.internal", "--bind", "172.17.0.1") == 0
    assert "Whoever reaches 172.17.0.1" in capsys.readouterr().err
    assert lifecycle("up") == 0
    assert "Whoever reaches" not in capsys.readouterr().err
    reached = [(list(start["host_names"]), start["bind"]) for start in started]
    assert reached == [(["host.docker.internal"], "172.17.0.1"), ([], "127.0.0.1")]
    assert lifecycle("up", "--bind", "docker0") == 2
    assert "--bind docker0: give an IPv4 address" in capsys.readouterr().err
