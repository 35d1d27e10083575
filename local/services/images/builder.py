"""`docker build` for this host: executes a Dockerfile's instructions in a directory tree."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from local.services.images import base_image, instructions, paths, tree
from local.services.images.dockerfile import (
    DockerfileError,
    IgnoreRules,
    Instruction,
    parse,
    substitute,
)
from local.services.images.stage import Stage, architecture
from local.services.images.store import Image


class ImageBuilder:
    """Builds one image.

    Args:
        context: The folder that COPY reads from.
        folder: The tree's folder, which exists and is empty; stages are made below it.
        build_args: `--build-arg`.
        say: Takes a line of progress.
    """

    def __init__(
        self,
        context: Path,
        folder: Path,
        build_args: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self.context = context.resolve()
        self.folder = folder
        self.build_args = dict(build_args)
        self.say = say
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
        base = next((stage for stage in self.stages if stage.name == words[0]), None)
        if base is None:
            root.mkdir()
            base_image.make(root, words[0])
            version = ".".join(map(str, sys.version_info[:3]))
            self.say(f"{words[0]}: local base image, Python {version} on {architecture()}")
            self.stages.append(Stage(root, name))
            return
        shutil.copytree(base.root, root, symlinks=True)
        tree.lead_to(root, base.root)
        self.stages.append(
            Stage(root, name, dict(base.env), {}, base.workdir, base.shell, base.entrypoint)
        )
        self.stages[-1].command = base.command

    def _execute(self, stage: Stage, instruction: Instruction) -> None:
        text = instruction.text
        if instruction.name not in ("RUN", "CMD", "ENTRYPOINT", "SHELL"):
            text = substitute(text, stage.variables())
        at = Instruction(instruction.name, instruction.flags, text, instruction.line)
        match instruction.name:
            case "RUN":
                instructions.run(stage, at)
            case "COPY" | "ADD":
                instructions.copy(self.stages, at, self.context, self.ignore, self.say)
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
                paths.inside(stage.root, stage.workdir).mkdir(parents=True, exist_ok=True)
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
                    paths.inside(stage.root, word, stage.workdir).mkdir(parents=True, exist_ok=True)
            case _:
                self.say(f"{instruction.name} has no effect in the local build")
