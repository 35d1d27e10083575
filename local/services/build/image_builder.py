"""`docker build` for this host: executes a Dockerfile's instructions in a directory tree."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from local.services.build import base_image, paths, tree
from local.services.build.dockerfile import (
    DockerfileError,
    IgnoreRules,
    Instruction,
    parse,
    substitute,
)
from local.services.build.images import Image

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass
class Stage:
    """One `FROM` and what follows it.

    Attributes:
        root: Its file system.
        name: `AS name`, or its number.
        env: ENV, as the Dockerfile says it.
        args: ARG, as the Dockerfile and `--build-arg` say it.
        workdir: Absolute path in the image.
        shell: What the shell form of RUN and CMD is given to.
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

    def variables(self) -> dict[str, str]:
        """Return what `$name` stands for; ENV counts more than ARG."""
        return self.args | self.env

    def environment(self) -> dict[str, str]:
        """Return ENV for a process on this host."""
        return {name: paths.value(self.root, name, text) for name, text in self.env.items()}


def architecture() -> str:
    """Return this host's architecture as image manifests name it."""
    return _ARCHITECTURES.get(platform.machine().lower(), platform.machine().lower())


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
        instructions = parse(dockerfile.read_text(encoding="utf-8"))
        for number, instruction in enumerate(instructions, start=1):
            if instruction.name == "FROM" and self.stages and self.stages[-1].name == target:
                break
            self.say(
                f"[{number}/{len(instructions)}] {instruction.name} {instruction.text}".rstrip()
            )
            if instruction.name == "FROM":
                self._from(instruction)
            elif not self.stages:
                self._global_arg(instruction)
            else:
                self._execute(self.stages[-1], instruction)
        if target and self.stages[-1].name != target:
            raise DockerfileError(f"The Dockerfile has no stage {target}.")
        return self._image(self.stages[-1])

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
            self.say(f"{words[0]}: embedded, Python {version} on {architecture()}")
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
                self.say(f"{instruction.name} has no effect in the embedded build")

    def _run(self, stage: Stage, instruction: Instruction) -> None:
        words = instruction.exec_form()
        if words is None:
            words = [*stage.shell, paths.shell_text(stage.root, instruction.text)]
        else:
            words = [paths.word(stage.root, word) for word in words]
        arguments = {n: paths.value(stage.root, n, text) for n, text in stage.args.items()}
        environment = arguments | _host_environment() | stage.environment()
        environment["HOME"] = str(stage.root / "root")
        environment["TMPDIR"] = str(stage.root / "tmp")
        # What finds an interpreter by itself must not find this host's.
        environment.setdefault("UV_PYTHON", base_image.python(stage.root))
        done = subprocess.run(
            words,
            cwd=paths.inside(stage.root, stage.workdir),
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise DockerfileError(
                f"Dockerfile line {instruction.line}: RUN {instruction.text} ended with exit status"
                f" {done.returncode}."
            )

    def _copy(self, stage: Stage, instruction: Instruction) -> None:
        words = instruction.words()
        where = f"Dockerfile line {instruction.line}: {instruction.name}"
        if len(words) < 2:
            raise DockerfileError(f"{where} needs a source and a destination.")
        *sources, destination = words
        base, ignore = self.context, self.ignore
        if origin := instruction.flags.get("from"):
            found = next((each for each in self.stages[:-1] if each.name == origin), None)
            if found is None and "uv" in origin:
                self.say(f"{origin}: this host's uv")
                base_image.write_installers(stage.root, "uv")
                return
            if found is None:
                raise DockerfileError(f"{where}: there is no stage {origin}.")
            base, ignore = found.root, IgnoreRules()
        target = paths.inside(stage.root, destination, stage.workdir)
        into = destination.endswith(("/", "/.")) or destination == "." or target.is_dir()
        matches = [
            (source, match)
            for source in sources
            for match in tree.matches(base, source.removeprefix("/"), where)
        ]
        into = into or len(matches) > 1
        for source, match in matches:
            place = target / match.name if into and match.is_file() else target
            if not tree.copy(base, match, place, ignore):
                raise DockerfileError(f"{where}: .dockerignore leaves {source} out.")
            if base != self.context:
                tree.lead_to(place, base)

    def _image(self, stage: Stage) -> Image:
        command = [*stage.entrypoint, *stage.command]
        described = {
            "architecture": architecture(),
            "env": stage.env,
            "entrypoint": stage.entrypoint,
            "cmd": stage.command,
            "labels": stage.labels,
            "user": stage.user,
            "workdir": stage.workdir,
            "files": tree.listing(stage.root),
        }
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
        workdir = paths.inside(stage.root, stage.workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        return Image(
            root=stage.root,
            command=[paths.word(stage.root, word) for word in command],
            environment=stage.environment(),
            workdir=workdir,
            architecture=architecture(),
            digest=f"sha256:{digest}",
        )


def _host_environment() -> dict[str, str]:
    """What a container gets from its host, too: the way to the network. And uv's cache."""
    wanted = ("UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG")
    interpreter = ("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_PROJECT")
    given = {n: v for n, v in os.environ.items() if n.upper().startswith(wanted)}
    return {n: v for n, v in given.items() if not n.startswith(interpreter)}
