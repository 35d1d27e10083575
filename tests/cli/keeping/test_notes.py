"""The notes of environments, as files beside the state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.keeping.notes import Note, Notes, Zip, locations

WEATHER = Note(
    "weather",
    "2026-11-21T02:00:00Z",
    {"artifact": {"source": {"bucket": "", "key": "sources/w.zip"}}},
    (Zip("", "sources/w.zip", None, b"zip"), Zip("theirs", "tools.json", "v1", b"[]")),
)
OLDER = Note("zoo", "2026-11-20T02:00:00Z", {"smokeTest": {"prompt": "天気"}})


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "up.kept")


def test_notes_are_read_as_they_were_written_the_oldest_environment_first(notes: Notes) -> None:
    notes.replace({"weather": WEATHER, "zoo": OLDER})
    assert notes.read() == [OLDER, WEATHER]
    assert notes.names() == ["weather", "zoo"]


def test_new_notes_leave_nothing_of_the_old_ones(notes: Notes) -> None:
    notes.replace({"weather": WEATHER})
    notes.replace({"zoo": OLDER})
    assert [path.name for path in notes.folder.iterdir()] == ["zoo.json"]
    assert list(notes.folder.parent.iterdir()) == [notes.folder]


def test_without_environments_no_folder_is_left(notes: Notes) -> None:
    notes.replace({"weather": WEATHER})
    notes.replace({})
    assert list(notes.folder.parent.iterdir()) == []
    assert (notes.names(), notes.read()) == ([], [])


@pytest.mark.parametrize("text", ["", "[]", '{"created": "x", "input": {}}'])
def test_a_file_that_is_no_note_is_named(notes: Notes, text: str) -> None:
    notes.replace({"weather": WEATHER})
    (notes.folder / "weather.json").write_text(text)
    with pytest.raises(UsageError, match=r"weather\.json cannot be read .* to give weather up"):
        notes.read()


def test_a_zip_that_is_gone_is_named(notes: Notes) -> None:
    notes.replace({"weather": WEATHER})
    (notes.folder / "weather.1.zip").unlink()
    with pytest.raises(UsageError, match=r"weather\.1\.zip"):
        notes.read()


def test_every_object_that_an_input_names_is_found() -> None:
    source = {"bucket": "a", "key": "k"}
    schema = {"bucket": "b", "key": "k", "versionId": "v"}
    value = {
        "artifact": {"source": source},
        "gateway": {"targets": [{"toolSchema": {"s3": schema}}]},
    }
    assert list(locations(value)) == [source, schema]
