"""One stage of a Dockerfile: a file system and its settings."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local.services.images import base_image, paths, tree
from local.services.images.store import Image

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass
class Stage:
    """One `FROM` and the instructions that follow it.

    Attributes:
        root: Its file system.
        name: `AS name`, or its number.
        env: ENV, as the Dockerfile says it.
        args: ARG, as the Dockerfile and `--build-arg` say it.
        workdir: Absolute path in the image.
        shell: The program for the shell form of RUN and CMD.
        key: Digest of all that its files are made of so far.
        layer: The kept layer that its files begin with; `None` without one.
        pending: What its files still need. They are made only when a RUN line or the image needs them.
    """

    root: Path
    name: str
    env: dict[str, str] = field(default_factory=lambda: {"PATH": base_image.PATH})
    args: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    user: str = ""
    key: str = ""
    layer: str | None = None
    pending: list[Callable[[], None]] = field(default_factory=list)

    def add(self, *made_of: object) -> None:
        """Note what its files are made of next.

        Args:
            made_of: An instruction, and whatever it depends on; JSON values.
        """
        text = json.dumps([self.key, *made_of], sort_keys=True)
        self.key = hashlib.sha256(text.encode()).hexdigest()

    def variables(self) -> dict[str, str]:
        """Return what `$name` stands for; ENV counts more than ARG."""
        return self.args | self.env

    def environment(self) -> dict[str, str]:
        """Return ENV for a process on this host."""
        return {name: paths.value(self.root, name, text) for name, text in self.env.items()}

    def image(self) -> Image:
        """Return the stage as an image, with the digest of its configuration and files."""
        files, size = tree.listing(self.root)
        command = [*self.entrypoint, *self.command]
        described = {
            "architecture": architecture(),
            "env": self.env,
            "entrypoint": self.entrypoint,
            "cmd": self.command,
            "labels": self.labels,
            "user": self.user,
            "workdir": self.workdir,
            "files": files,
        }
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
        workdir = paths.inside(self.root, self.workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        return Image(
            root=self.root,
            command=[paths.word(self.root, word) for word in command],
            environment=self.environment(),
            workdir=workdir,
            architecture=architecture(),
            digest=f"sha256:{digest}",
            size=size,
        )


def architecture() -> str:
    """Return this host's architecture as image manifests name it."""
    return _ARCHITECTURES.get(platform.machine().lower(), platform.machine().lower())
