"""What is kept of the environments of a local AWS: the input of each one's last provision, and the zips that it names.

No secret is among it. An environment's users, passwords, keys, versions and history end with the local AWS.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import UsageError

_LOCATION = {"bucket", "key"}


@dataclass(frozen=True)
class Zip:
    """An object in S3 that an input names, such as the source of an agent.

    Attributes:
        bucket: Its bucket; empty for the stack's own, which has another name in each local AWS.
        key: Its key.
        version: The version that the input names, in the local AWS that has ended.
        body: Its bytes.
    """

    bucket: str
    key: str
    version: str | None
    body: bytes


@dataclass(frozen=True)
class Note:
    """An environment.

    Attributes:
        environment: Its name.
        created: When it was created, as text that sorts by time.
        value: The input that provisions it again.
        zips: The objects that the input names.
    """

    environment: str
    created: str
    value: dict[str, Any]
    zips: tuple[Zip, ...] = ()


def locations(value: Any) -> Iterator[dict[str, Any]]:
    """Return every `{bucket, key, versionId?}` in an input, at any depth: the objects themselves, to be changed."""
    if isinstance(value, dict):
        if value.keys() >= _LOCATION:
            yield value
        for member in value.values():
            yield from locations(member)
    elif isinstance(value, list):
        for member in value:
            yield from locations(member)


class Notes:
    """The notes of one local AWS, as files that outlive it.

    Args:
        folder: Their folder. It is there only if something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names of the environments that are kept."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def read(self) -> list[Note]:
        """Return all notes, the oldest environment first.

        Raises:
            UsageError: A file is none of ours, or was changed.
        """
        found = [self._parse(path) for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda note: (note.created, note.environment))

    def replace(self, notes: Mapping[str, Note]) -> None:
        """Keep these notes, and no other.

        A process that is killed meanwhile leaves the old ones or the new ones, and nothing in between.

        Args:
            notes: By the environment's name.
        """
        new, old = (self.folder.with_name(f"{self.folder.name}.{word}") for word in ("new", "old"))
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
        new.mkdir(parents=True)
        for note in notes.values():
            self._write(new, note)
        if self.folder.exists():
            self.folder.rename(old)
        if notes:
            new.rename(self.folder)
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)

    def _write(self, folder: Path, note: Note) -> None:
        zips = []
        for number, one in enumerate(note.zips):
            file = f"{note.environment}.{number}.zip"
            (folder / file).write_bytes(one.body)
            where = {"bucket": one.bucket, "key": one.key, "versionId": one.version}
            zips.append({**where, "file": file})
        document = {"created": note.created, "input": note.value, "zips": zips}
        text = json.dumps(document, ensure_ascii=False, indent=2)
        (folder / f"{note.environment}.json").write_text(text + "\n", encoding="utf-8")

    def _parse(self, path: Path) -> Note:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            zips = tuple(
                Zip(
                    one["bucket"],
                    one["key"],
                    one["versionId"],
                    (self.folder / one["file"]).read_bytes(),
                )
                for one in document["zips"]
            )
            return Note(path.stem, document["created"], document["input"], zips)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path} cannot be read ({type(error).__name__}: {error}); remove it to give {path.stem} up"
            ) from error
