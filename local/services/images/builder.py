"""`docker build` for this host: executes a Dockerfile's instructions in a directory tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from local.services.images.dockerfile import (
    DockerfileError,
    IgnoreRules,
    Instruction,
    parse,
    substitute,
)
from local.services.images.layers import Layers
from local.services.images.stage import Stage
from local.services.images.stages import LayerGoneError, Stages
from local.services.images.store import Image


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
        self.build_args = dict(build_args)
        self.say = say
        self.global_args: dict[str, str] = {}
        ignore_file = self.context / ".dockerignore"
        text = ignore_file.read_text(encoding="utf-8") if ignore_file.is_file() else ""
        ignore = IgnoreRules.parse(text)
        self._stages = Stages(self.context, ignore, folder, say, layers)

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
            except LayerGoneError:
                # Another build has removed it, or it was written to; it is made again.
                self._stages.clear()
                self.global_args = {}

    def _build(self, dockerfile: Path, target: str | None) -> Image:
        parsed = parse(dockerfile.read_text(encoding="utf-8"))
        for number, instruction in enumerate(parsed, start=1):
            if (
                instruction.name == "FROM"
                and self._stages.all
                and self._stages.all[-1].name == target
            ):
                break
            self.say(f"[{number}/{len(parsed)}] {instruction.name} {instruction.text}".rstrip())
            if instruction.name == "FROM":
                self._stages.begin(instruction, self.global_args)
            elif not self._stages.all:
                self._global_arg(instruction)
            else:
                self._execute(self._stages.all[-1], instruction)
        if target and self._stages.all[-1].name != target:
            raise DockerfileError(f"The Dockerfile has no stage {target}.")
        self._stages.make(self._stages.all[-1])
        return self._stages.all[-1].image()

    def _global_arg(self, instruction: Instruction) -> None:
        if instruction.name != "ARG":
            raise DockerfileError(f"Dockerfile line {instruction.line}: only ARG may precede FROM.")
        for name, default in instruction.pairs():
            self.global_args[name] = self.build_args.get(name, default)

    def _execute(self, stage: Stage, instruction: Instruction) -> None:
        text = instruction.text
        if instruction.name not in ("RUN", "CMD", "ENTRYPOINT", "SHELL"):
            text = substitute(text, stage.variables())
        at = Instruction(instruction.name, instruction.flags, text, instruction.line)
        match instruction.name:
            case "RUN":
                self._stages.run(stage, at)
            case "COPY" | "ADD":
                self._stages.copy(stage, at)
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
                self._stages.add_folder(stage, stage.workdir)
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
                    self._stages.add_folder(stage, word)
            case _:
                self.say(f"{instruction.name} has no effect in the local build")
