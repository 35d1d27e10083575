"""Makes the files of an image's stages, each when a RUN line or the image needs it."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from local.services.images import base_image, instructions, paths, tree
from local.services.images.dockerfile import (
    DockerfileError,
    IgnoreRules,
    Instruction,
    substitute,
)
from local.services.images.layers import Layers
from local.services.images.stage import Stage, architecture


class LayerGoneError(Exception):
    """A layer that was there a moment ago cannot be used."""


class Stages:
    """The stages of one build.

    Args:
        context: The folder that COPY reads from.
        ignore: The rules of its `.dockerignore`.
        folder: Stages are made below it.
        say: Takes a line of progress.
        layers: What earlier builds have made; `None` makes everything again.

    Attributes:
        all: The stages so far.
    """

    def __init__(
        self,
        context: Path,
        ignore: IgnoreRules,
        folder: Path,
        say: Callable[[str], None],
        layers: Layers | None,
    ) -> None:
        self.context, self.ignore, self.folder = context, ignore, folder
        self.say, self.layers = say, layers
        self.all: list[Stage] = []

    def clear(self) -> None:
        """Remove every stage."""
        for stage in self.all:
            shutil.rmtree(stage.root)
        self.all = []

    def begin(self, instruction: Instruction, variables: Mapping[str, str]) -> None:
        """Execute FROM."""
        words = substitute(instruction.text, variables).split()
        if not words:
            raise DockerfileError(f"Dockerfile line {instruction.line}: FROM needs an image.")
        name = words[2] if len(words) == 3 and words[1].lower() == "as" else str(len(self.all))
        root = self.folder / f"stage-{len(self.all)}"
        root.mkdir()
        base = next((stage for stage in self.all if stage.name == words[0]), None)
        if base is None:
            version = ".".join(map(str, sys.version_info[:3]))
            self.say(f"{words[0]}: local base image, Python {version} on {architecture()}")
            stage = Stage(root, name)
            stage.add("FROM", words[0], sys.executable, version)
            stage.pending.append(partial(base_image.make, root, words[0]))
        else:
            stage = replace(
                base,
                root=root,
                name=name,
                env=dict(base.env),
                args={},
                labels=dict(base.labels),
                layer=None,
                pending=[],
            )
            stage.add("FROM", base.key)
            stage.pending.append(partial(self._copy_stage, base, root))
        self.all.append(stage)

    def _copy_stage(self, base: Stage, root: Path) -> None:
        self.make(base)
        shutil.copytree(base.root, root, symlinks=True, dirs_exist_ok=True)
        tree.lead_to(root, base.root)

    def make(self, stage: Stage) -> None:
        """Make the files of a stage, as far as its instructions are executed."""
        if stage.layer is not None:
            if self.layers is None or not self.layers.take(stage.layer, stage.root):
                raise LayerGoneError
            stage.layer = None
        while stage.pending:
            stage.pending.pop(0)()

    def run(self, stage: Stage, instruction: Instruction) -> None:
        """Execute RUN, or use what an earlier build has made."""
        stage.add("RUN", instruction.text, *instructions.surroundings(stage))
        if self.layers is not None and self.layers.has(stage.key):
            self.say("CACHED")
            stage.layer, stage.pending = stage.key, []
            return
        self.make(stage)
        began = time.monotonic()
        instructions.run(stage, instruction)
        if self.layers is not None:
            self.layers.keep(stage.key, stage.root, time.monotonic() - began)

    def copy(self, stage: Stage, instruction: Instruction) -> None:
        """Execute COPY or ADD, when the files are needed."""
        origin, flags = instruction.flags.get("from"), dict(instruction.flags)
        if origin is None:
            place = (self.context, self.ignore, False)
            copy = instructions.Copy(instruction, stage.root, stage.workdir, *place)
            stage.add(instruction.name, instruction.text, flags, stage.workdir, copy.digest())
            stage.pending.append(copy.execute)
            return
        found = next((each for each in self.all[:-1] if each.name == origin), None)
        if found is None and "uv" in origin:
            self.say(f"{origin}: this host's uv")
            stage.add("COPY", origin)
            stage.pending.append(partial(base_image.write_installers, stage.root, "uv"))
            return
        if found is None:
            raise DockerfileError(f"{instructions.where(instruction)}: there is no stage {origin}.")
        copy = instructions.Copy(
            instruction, stage.root, stage.workdir, found.root, IgnoreRules(), True
        )
        stage.add(instruction.name, instruction.text, flags, stage.workdir, found.key)
        stage.pending += [partial(self.make, found), copy.execute]

    def add_folder(self, stage: Stage, path: str) -> None:
        """Make a folder, when the files are needed."""
        place = paths.inside(stage.root, path, stage.workdir)
        stage.add("WORKDIR", str(place.relative_to(stage.root)))
        stage.pending.append(partial(place.mkdir, parents=True, exist_ok=True))
