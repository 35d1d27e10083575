"""State folders that no local AWS uses are removed; those in use, and those that the user keeps, stay."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from cli.target import state_folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of state folders: two of single runs, one of `local up`, and a file of the user."""
    monkeypatch.setattr(state_folder, "STATE_ROOT", tmp_path)
    for name in ("run-1", "run-2", "up"):
        (tmp_path / name / "functions/processes").mkdir(parents=True)
        (tmp_path / name / "lock").touch()
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_folders_of_killed_runs_are_removed_and_that_of_up_stays(root: Path) -> None:
    state_folder.remove_dead()
    assert names(root) == {"up"}


def test_a_folder_in_use_stays(root: Path) -> None:
    with (root / "run-1/lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state_folder.remove_dead()
        state_folder.remove(root / "run-1")
        state_folder.empty(root / "run-1")
        assert names(root / "run-1") == {"functions", "lock"}
    assert names(root) == {"run-1", "up"}


def test_a_folder_that_the_user_keeps_stays(root: Path) -> None:
    state_folder.keep(root / "run-2")
    state_folder.remove_dead()
    assert names(root) == {"run-2", "up"}


def test_without_any_folder_nothing_is_done_and_none_is_made(root: Path) -> None:
    shutil.rmtree(root)
    state_folder.remove_dead()
    state_folder.remove(root / "run-1")
    state_folder.empty(root / "up")
    assert not root.exists()


def test_a_folder_without_a_lock_is_none_of_ours_and_stays(root: Path) -> None:
    (root / "run-1/lock").unlink()
    state_folder.remove_dead()
    assert names(root) == {"run-1", "up"}
    assert names(root / "run-1") == {"functions"}
