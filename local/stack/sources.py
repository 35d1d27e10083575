"""The files beside a template that its resources are made of, as `sam deploy` would package them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.services.functions.code import copy_code, digests, lay_out_layers
from local.stack.errors import TemplateError
from local.stack.template import LOCAL_BUCKET

LOCATIONS = ("Code", "Content", "DefinitionS3Location")
"""The properties that can name a folder or a file beside the template."""
_KEPT = 2
"""How many copies of a folder are kept: the last one, and the one that functions may still run from."""


class Sources:
    """Reads and copies the files.

    Each copy is named by its content. Within one deployment, a folder is copied once.

    Args:
        folder: The template's folder.
        target: Where the copies go.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self._folder = folder
        self._target = target
        self._read: dict[Path, dict[str, str]] = {}
        self._copied: dict[Path, Path] = {}
        self._copies: dict[str, list[Path]] = {}

    def begin(self) -> None:
        """Begin a deployment: from now on each file is read again."""
        self._read.clear()
        self._copied.clear()

    def digests(self, location: Mapping[str, Any], who: str) -> dict[str, str]:
        """Return the SHA-256 of each file that a location names, by its path from the template's folder.

        Args:
            location: Bucket and key, as SAM's translation has them.
            who: The resource, for errors.

        Raises:
            TemplateError: There is no such file or folder.
        """
        path = self._path(location, who)
        if path not in self._read:
            self._read[path] = self._digests(path, path)
        return self._read[path]

    def text(self, location: Mapping[str, Any], who: str) -> str:
        """Return a file.

        Raises:
            TemplateError: There is no such file.
        """
        path = self._path(location, who)
        text = path.read_text(encoding="utf-8")
        self._read[path] = {self._name(path): hashlib.sha256(text.encode()).hexdigest()}
        return text

    def copy(self, location: Mapping[str, Any], who: str) -> Path:
        """Copy a folder, and return the copy. `digests` returns those of the copy from now on.

        Raises:
            TemplateError: There is no such folder.
        """
        path = self._path(location, who)
        if not path.is_dir():
            raise TemplateError(f"{who}: {path} is no folder")
        if path not in self._copied:
            copied = self._place(str(path), lambda target: copy_code(path, target))
            self._copied[path], self._read[path] = copied, self._digests(copied, path)
        return self._copied[path]

    def layers(self, copies: Sequence[Path]) -> Path:
        """Copy the copies of layers over each other, and return the folder."""
        name = "opt of " + ",".join(str(path.parent) for path in copies)
        return self._place(name, lambda target: lay_out_layers(copies, target))

    def _place(self, name: str, fill: Callable[[Path], None]) -> Path:
        """Make a folder that is named by its content, and remove old ones of the same name."""
        parent = self._target / hashlib.sha256(name.encode()).hexdigest()[:12]
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._target) as temporary:
            made = Path(temporary, "made")
            fill(made)
            content = hashlib.sha256(repr(sorted(digests(made).items())).encode()).hexdigest()[:12]
            place = parent / content
            if not place.exists():
                made.rename(place)
        copies = [each for each in self._copies.get(name, []) if each != place]
        for old in copies[: 1 - _KEPT]:
            shutil.rmtree(old)
        self._copies[name] = [*copies[1 - _KEPT :], place]
        return place

    def _digests(self, path: Path, named: Path) -> dict[str, str]:
        if path.is_dir():
            return {f"{self._name(named)}/{name}": one for name, one in digests(path).items()}
        return {self._name(named): hashlib.sha256(path.read_bytes()).hexdigest()}

    def _name(self, path: Path) -> str:
        folder = self._folder.resolve()
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)

    def _path(self, location: Mapping[str, Any], who: str) -> Path:
        bucket = location.get("S3Bucket") or location.get("Bucket")
        key = location.get("S3Key") or location.get("Key")
        if bucket != LOCAL_BUCKET or not key:
            raise TemplateError(f"{who}: code comes from a folder beside the template")
        path = (self._folder / str(key)).resolve()
        if not path.exists():
            raise TemplateError(f"{who}: {path} does not exist")
        return path
