"""`--keep-state` of `lifecycle local up` and what `local down` says of it, on a fake local AWS."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.errors import CommandError
from cli.keeping import environments, session
from cli.keeping.notes import Note, Notes
from cli.target import deployed as target
from local.edge.faults import Fault, FaultPlan


class FakeKeeping:
    """Stands in for `Keeping`: notes one environment, or cannot."""

    def __init__(
        self,
        notes: Notes,
        waiting: Sequence[Note],
        provisioned: threading.Event,
        error: Exception | None,
    ) -> None:
        self.notes, self.waiting = notes, waiting
        self.provisioned, self.error = provisioned, error

    def names(self) -> list[str]:
        return [note.environment for note in self.waiting]

    def provision_again(self) -> None:
        self.provisioned.set()

    def note(self) -> list[str]:
        if self.error:
            raise self.error
        self.notes.replace({"dev": Note("dev", "", {})})
        return ["dev"]


@pytest.fixture
def local_aws(tmp_path: Path) -> Any:
    folder = tmp_path / "up"
    folder.mkdir()
    return SimpleNamespace(state_dir=folder, faults=FaultPlan())


@contextmanager
def keeping(
    monkeypatch: pytest.MonkeyPatch, local_aws: Any, error: Exception | None = None
) -> Iterator[list[str]]:
    """A block in which environments are kept; yields what is said."""
    said: list[str] = []
    provisioned = threading.Event()
    notes = session.notes_of(local_aws.state_dir)
    monkeypatch.setattr(target, "deployed", lambda *_a, **_k: "the stack")
    monkeypatch.setattr(
        environments,
        "Keeping",
        lambda _place, notes, waiting, _say: FakeKeeping(notes, waiting, provisioned, error),
    )
    with session.kept(local_aws, None, said.append, waiting=notes.read()):
        assert provisioned.wait(30)
        yield said


def test_environments_are_noted_beside_the_state_folder_at_the_end(
    monkeypatch: pytest.MonkeyPatch, local_aws: Any
) -> None:
    local_aws.faults.add(Fault("dynamodb", "*", "throttle"))
    with keeping(monkeypatch, local_aws) as said:
        assert session.keeps(local_aws.state_dir)
        assert said == []
    # The faults are for the product; they must not keep the environments from being noted.
    assert local_aws.faults.list() == []
    assert session.notes_of(local_aws.state_dir).folder == local_aws.state_dir.parent / "up.kept"
    with keeping(monkeypatch, local_aws) as said:
        assert said == ["Provisions again: dev"]


def test_the_notes_are_the_same_by_every_path_of_the_folder(
    monkeypatch: pytest.MonkeyPatch, local_aws: Any, tmp_path: Path
) -> None:
    folder: Path = local_aws.state_dir
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    found = {session.notes_of(path).folder for path in (folder, Path(), tmp_path / "link")}
    assert found == {tmp_path / "up.kept"}


def test_an_end_by_a_signal_notes_them_too(monkeypatch: pytest.MonkeyPatch, local_aws: Any) -> None:
    with pytest.raises(SystemExit), keeping(monkeypatch, local_aws):
        raise SystemExit(143)
    assert session.notes_of(local_aws.state_dir).names() == ["dev"]


def test_what_cannot_be_noted_is_said(monkeypatch: pytest.MonkeyPatch, local_aws: Any) -> None:
    with keeping(monkeypatch, local_aws, CommandError("AWS denies it")) as said:
        pass
    assert said == [
        "The environments could not be noted (AWS denies it). What was kept before is still kept."
    ]


def test_a_start_without_the_option_says_what_is_kept_and_keeps_it(local_aws: Any) -> None:
    notes = session.notes_of(local_aws.state_dir)
    notes.replace({name: Note(name, "", {}) for name in ("dev", "weather")})
    said: list[str] = []
    with session.kept(local_aws, None, said.append, waiting=None):
        assert not session.keeps(local_aws.state_dir)
    assert said == ["Kept for the next start with --keep-state: dev, weather"]
    assert notes.names() == ["dev", "weather"]
