"""The folder that is edited, as a source in the artifact bucket."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from cli.errors import CommandError
from cli.target.deployed import Deployed
from cli.target.target import BUCKET_OUTPUT
from lifecycle.artifact.source import pack_folder
from lifecycle.errors import ArtifactBuildError


class SourceError(CommandError):
    """The folder cannot be deployed as it is now. The message says why."""


class Source:
    """A folder, and the zip of it in the artifact bucket.

    Args:
        folder: The folder.
        place: The stack.
        environment: The environment that it is for.
        kind: What is built of it.

    Attributes:
        location: The zip, as `artifact.source` of the input.
    """

    def __init__(
        self, folder: Path, place: Deployed, environment: str, kind: Literal["container", "code"]
    ) -> None:
        self._folder = folder
        self._kind: Literal["container", "code"] = kind
        self._s3 = place.client("s3")
        self._uploaded: str | None = None
        self.location = {
            "bucket": place.output(BUCKET_OUTPUT),
            "key": f"sources/dev-{environment}.zip",
        }

    def upload(self) -> bool:
        """Upload the folder; returns whether its content differs from what was uploaded last.

        Raises:
            SourceError: It has no file, one that is refused, or is too large.
        """
        try:
            with pack_folder(self._folder, self._kind) as packed:
                if packed.content_hash == self._uploaded:
                    return False
                where = {"Bucket": self.location["bucket"], "Key": self.location["key"]}
                self._s3.put_object(Body=packed.file, **where)
                self._uploaded = packed.content_hash
        except (ArtifactBuildError, OSError) as error:
            # An editor may replace a file while it is read; the save that follows begins a new round.
            raise SourceError(f"{self._folder}: {error}") from error
        return True

    def forget(self) -> None:
        """Let the next `upload` count as a change, because what was uploaded has not been deployed."""
        self._uploaded = None

    def check_syntax(self, names: Iterable[str]) -> None:
        """Parse files that were saved, which takes less time than to find out from an agent that does not start.

        Args:
            names: Their paths in the folder.

        Raises:
            SourceError: Naming the file, the line and what is wrong.
        """
        for name in names:
            file = self._folder / name
            if not name.endswith(".py") or not file.is_file():
                continue
            try:
                ast.parse(file.read_bytes(), name)
            except SyntaxError as error:
                what = (error.text or "").strip()
                shown = f": {what}" if what else ""
                raise SourceError(f"{name}, line {error.lineno}: {error.msg}{shown}") from error
            except ValueError as error:
                raise SourceError(f"{name}: {error}") from error
