"""`docker build` for this host: executes a Dockerfile's instructions in a directory tree."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from local.services.images import base_image, instructions, paths, tree
from local.services.images.dockerfile import (
    DockerfileError,
    IgnoreRules,
    Instruction,
    parse,
    substitute,
)
from local.services.images.layers import Layers
from local.services.images.stage import Stage, architecture
from local.services.images.store import Image


class _LayerGoneError(Exception):
    """A layer that was there a moment ago cannot be used."""


class ImageBuilder:
    """Builds one image.

    Args:
        context: The folder that COPY reads from.
        folder: The tree's folder, which exists and is empty; stages are made below it.
        build_args: `--build-arg`.
        say: Takes a line of progress.
        layers: What earlier builds have made; `None` makes everything again.
    """

    def __init__(
        self,
        context: Path,
        folder: Path,
        build_args: Mapping[str, str],
        say: Callable[[str], None],
        layers: Layers | None = None,
    ) -> None:
        self.context = context.resolve()
        self.folder = folder
        self.build_args = dict(build_args)
        self.say = say
        self.layers = layers
        self.stages: list[Stage] = []
        self.global_args: dict[str, str] = {}
        ignore_file = self.context / ".dockerignore"
        text = ignore_file.read_text(encoding="utf-8") if ignore_file.is_file() else ""
        self.ignore = IgnoreRules.parse(text)

    def build(self, dockerfile: Path, target: str | None = None) -> Image:
        """Execute a Dockerfile.

        Args:
            dockerfile: The file.
            target: The stage to stop at; `None` is the last.

        Returns:
            The image; its `digest` is that of its configuration and of its files' names, modes and
            sizes.

        Raises:
            DockerfileError: An instruction cannot be executed; the message names it.
        """
        while True:
            try:
                return self._build(dockerfile, target)
            except _LayerGoneError:
                # Another build has removed it, or it was written to; it is made again.
                for stage in self.stages:
                    shutil.rmtree(stage.root)
                self.stages, self.global_args = [], {}

    def _build(self, dockerfile: Path, target: str | None) -> Image:
        parsed = parse(dockerfile.read_text(encoding="utf-8"))
        for number, instruction in enumerate(parsed, start=1):
            if instruction.name == "FROM" and self.stages and self.stages[-1].name == target:
                break
            self.say(f"[{number}/{len(parsed)}] {instruction.name} {instruction.text}".rstrip())
            if instruction.name == "FROM":
                self._from(instruction)
            elif not self.stages:
                self._global_arg(instruction)
            else:
                self._execute(self.stages[-1], instruction)
        if target and self.stages[-1].name != target:
            raise DockerfileError(f"The Dockerfile has no stage {target}.")
        self._make(self.stages[-1])
        return self.stages[-1].image()

    def _global_arg(self, instruction: Instruction) -> None:
        if instruction.name != "ARG":
            raise DockerfileError(f"Dockerfile line {instruction.line}: only ARG may precede FROM.")
        for name, default in instruction.pairs():
            self.global_args[name] = self.build_args.get(name, default)

    def _from(self, instruction: Instruction) -> None:
        words = substitute(instruction.text, self.global_args).split()
        if not words:
            raise DockerfileError(f"Dockerfile line {instruction.line}: FROM needs an image.")
        name = words[2] if len(words) == 3 and words[1].lower() == "as" else str(len(self.stages))
        root = self.folder / f"stage-{len(self.stages)}"
        root.mkdir()
        base = next((stage for stage in self.stages if stage.name == words[0]), None)
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
        self.stages.append(stage)

    def _copy_stage(self, base: Stage, root: Path) -> None:
        self._make(base)
        shutil.copytree(base.root, root, symlinks=True, dirs_exist_ok=True)
        tree.lead_to(root, base.root)

    def _make(self, stage: Stage) -> None:
        """Make the files of a stage, as far as its instructions are executed."""
        if stage.layer is not None:
            if self.layers is None or not self.layers.take(stage.layer, stage.root):
                raise _LayerGoneError
            stage.layer = None
        while stage.pending:
            stage.pending.pop(0)()

    def _run(self, stage: Stage, instruction: Instruction) -> None:
        stage.add("RUN", instruction.text, *instructions.surroundings(stage))
        if self.layers is not None and self.layers.has(stage.key):
            self.say("CACHED")
            stage.layer, stage.pending = stage.key, []
            return
        self._make(stage)
        began = time.monotonic()
        instructions.run(stage, instruction)
        if self.layers is not None:
            self.layers.keep(stage.key, stage.root, time.monotonic() - began)

    def _copy(self, stage: Stage, instruction: Instruction) -> None:
        origin, flags = instruction.flags.get("from"), dict(instruction.flags)
        if origin is None:
            place = (self.context, self.ignore, False)
            copy = instructions.Copy(instruction, stage.root, stage.workdir, *place)
            stage.add(instruction.name, instruction.text, flags, stage.workdir, copy.digest())
            stage.pending.append(copy.execute)
            return
        found = next((each for each in self.stages[:-1] if each.name == origin), None)
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
        stage.pending += [partial(self._make, found), copy.execute]

    def _add_folder(self, stage: Stage, path: str) -> None:
        place = paths.inside(stage.root, path, stage.workdir)
        stage.add("WORKDIR", str(place.relative_to(stage.root)))
        stage.pending.append(partial(place.mkdir, parents=True, exist_ok=True))

    def _execute(self, stage: Stage, instruction: Instruction) -> None:
        text = instruction.text
        if instruction.name not in ("RUN", "CMD", "ENTRYPOINT", "SHELL"):
            text = substitute(text, stage.variables())
        at = Instruction(instruction.name, instruction.flags, text, instruction.line)
        match instruction.name:
            case "RUN":
                self._run(stage, at)
            case "COPY" | "ADD":
                self._copy(stage, at)
            case "ENV":
                stage.env.update(at.pairs())
            case "LABEL":
                stage.labels.update(at.pairs())
            case "ARG":
                for name, default in at.pairs():
                    default = default or self.global_args.get(name, "")
                    stage.args[name] = self.build_args.get(name, default)
            case "WORKDIR":
                stage.workdir = str(PurePosixPath(stage.workdir, text))
                self._add_folder(stage, stage.workdir)
            case "CMD":
                stage.command = at.exec_form() or [*stage.shell, text]
            case "ENTRYPOINT":
                stage.entrypoint, stage.command = at.exec_form() or [*stage.shell, text], []
            case "SHELL":
                stage.shell = at.exec_form() or stage.shell
            case "USER":
                stage.user = text
            case "VOLUME":
                for word in at.words():
                    self._add_folder(stage, word)
            case _:
                self.say(f"{instruction.name} has no effect in the local build")
