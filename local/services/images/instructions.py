"""The instructions that need more than a setting: RUN, COPY and ADD."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.services.images import base_image, paths, tree
from local.services.images.dockerfile import DockerfileError, IgnoreRules, Instruction
from local.services.images.stage import Stage


def run(stage: Stage, instruction: Instruction) -> None:
    """Execute RUN in a stage.

    Raises:
        DockerfileError: The command fails.
    """
    words = instruction.exec_form()
    if words is None:
        words = [*stage.shell, paths.shell_text(stage.root, instruction.text)]
    else:
        words = [paths.word(stage.root, word) for word in words]
    arguments = {n: paths.value(stage.root, n, text) for n, text in stage.args.items()}
    environment = arguments | _host_environment() | stage.environment()
    environment["HOME"] = str(stage.root / "root")
    environment["TMPDIR"] = str(stage.root / "tmp")
    # A tool that looks for an interpreter must not find this host's.
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


@dataclass(frozen=True)
class Copy:
    """COPY or ADD of a stage.

    Attributes:
        instruction: The instruction, with its variables substituted.
        root: The stage's file system.
        workdir: The stage's working directory, at this instruction.
        base: The folder that is copied from: the context, or another stage's file system.
        ignore: What is left out of it.
        of_stage: Whether `base` is another stage's.
    """

    instruction: Instruction
    root: Path
    workdir: str
    base: Path
    ignore: IgnoreRules
    of_stage: bool

    def digest(self) -> list[str]:
        """Return digests of what is copied.

        Raises:
            DockerfileError: As `execute`.
        """
        return [tree.digest(self.base, match, self.ignore) for _, match in self._matches()]

    def execute(self) -> None:
        """Copy.

        Raises:
            DockerfileError: A source is missing or ignored.
        """
        destination = self.instruction.words()[-1]
        target = paths.inside(self.root, destination, self.workdir)
        into = destination.endswith(("/", "/.")) or destination == "." or target.is_dir()
        matches = self._matches()
        into = into or len(matches) > 1
        for source, match in matches:
            place = target / match.name if into and match.is_file() else target
            if not tree.copy(self.base, match, place, self.ignore):
                raise DockerfileError(
                    f"{where(self.instruction)}: .dockerignore leaves {source} out."
                )
            if self.of_stage:
                tree.lead_to(place, self.base)

    def _matches(self) -> list[tuple[str, Path]]:
        words = self.instruction.words()
        if len(words) < 2:
            raise DockerfileError(f"{where(self.instruction)} needs a source and a destination.")
        return [
            (source, match)
            for source in words[:-1]
            for match in tree.matches(self.base, source.removeprefix("/"), where(self.instruction))
        ]


def where(instruction: Instruction) -> str:
    """Return how errors name an instruction."""
    return f"Dockerfile line {instruction.line}: {instruction.name}"


def surroundings(stage: Stage) -> list[object]:
    """Return what a RUN line of a stage depends on, beside its text and the files."""
    return [stage.shell, stage.env, stage.args, stage.workdir, _host_environment()]


def _host_environment() -> dict[str, str]:
    """Return the host's settings for network access and uv's cache."""
    wanted = ("UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG")
    interpreter = ("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_PROJECT")
    given = {n: v for n, v in os.environ.items() if n.upper().startswith(wanted)}
    return {n: v for n, v in given.items() if not n.startswith(interpreter)}
