"""A local AWS for one command only."""

from __future__ import annotations

import fcntl
import io
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.errors import StartError, UsageError
from cli.target.local import local_target
from tests.cli.target.fakes import MACHINE, FakeEmbedded, quiet


@pytest.mark.usefixtures("module")
def test_one_for_the_run_ends_and_leaves_nothing(tmp_path: Path) -> None:
    with local_target({"create": 1.0}, console=quiet()) as found:
        assert (found.machine_arn, found.lasting) == (MACHINE, False)
    (embedded,) = FakeEmbedded.started
    assert embedded.ended
    assert embedded.delays.create == 1.0
    assert list((tmp_path / ".local").iterdir()) == []


@pytest.mark.usefixtures("module")
def test_parameters_of_the_template_are_passed_on() -> None:
    with local_target({}, parameters={"RebuildEvents": "ENABLED"}, console=quiet()):
        pass
    assert FakeEmbedded.started[0].parameters == {"RebuildEvents": "ENABLED"}


@pytest.mark.usefixtures("module")
def test_one_for_the_run_ends_when_the_run_breaks(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), local_target({}, console=quiet()):
        raise KeyboardInterrupt
    assert FakeEmbedded.started[0].ended
    assert list((tmp_path / ".local").iterdir()) == []


@pytest.mark.usefixtures("module")
def test_two_runs_side_by_side_do_not_share_a_folder() -> None:
    with local_target({}, console=quiet()), local_target({}, console=quiet()):
        one, other = FakeEmbedded.started
        assert one.state_dir != other.state_dir


@pytest.mark.usefixtures("module")
def test_its_state_is_kept_on_request() -> None:
    console = quiet()
    with local_target({}, keep=True, console=console):
        pass
    state_dir = FakeEmbedded.started[0].state_dir
    assert (state_dir / "file").exists()
    assert isinstance(console.file, io.StringIO)
    assert str(state_dir) in console.file.getvalue().replace("\n", "")


@pytest.mark.usefixtures("module")
def test_an_unknown_delay_is_refused_before_anything_starts() -> None:
    with (
        pytest.raises(UsageError, match="unknown delay: created; allowed: create, "),
        local_target({"created": 1.0}, console=quiet()),
    ):
        pass
    assert FakeEmbedded.started == []


def fails_to_start(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let a start leave a folder as `EmbeddedAws.start` does, and raise."""

    def start(*, state_dir: Path, **_options: Any) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        (state_dir / "lock").touch()
        (state_dir / "logs").mkdir(exist_ok=True)
        raise error

    monkeypatch.setattr(FakeEmbedded, "start", start)


@pytest.mark.usefixtures("module")
def test_an_interrupted_start_is_said_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fails_to_start(monkeypatch, KeyboardInterrupt())
    console = quiet()
    with pytest.raises(typer.Exit) as ended, local_target({}, console=console):
        pass
    assert ended.value.exit_code == 130
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "Interrupted. The local AWS did not start.\n"
    assert list((tmp_path / ".local").iterdir()) == []


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("keep", [True, False])
def test_a_failed_start_leaves_its_folder_only_on_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, keep: bool
) -> None:
    fails_to_start(monkeypatch, OSError("no"))
    with pytest.raises(StartError), local_target({}, keep=keep, console=quiet()):
        pass
    assert (tmp_path / ".local/run-1/logs").exists() is keep


@pytest.mark.usefixtures("module")
def test_an_interrupted_start_leaves_a_folder_that_another_has_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fails_to_start(monkeypatch, KeyboardInterrupt())
    folder = tmp_path / ".local/run-1"
    folder.mkdir(parents=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(typer.Exit), local_target({}, console=quiet()):
            pass
    assert (folder / "logs").exists()
