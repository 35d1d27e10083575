"""The instructions that need more than a setting: RUN, COPY and ADD."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
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


def copy(
    stages: Sequence[Stage],
    instruction: Instruction,
    context: Path,
    context_ignore: IgnoreRules,
    say: Callable[[str], None],
) -> None:
    """Execute COPY or ADD in the last stage.

    Args:
        stages: All stages so far.
        instruction: The instruction, with its variables substituted.
        context: The folder that COPY reads from.
        context_ignore: The rules of its `.dockerignore`.
        say: Takes a line of progress.

    Raises:
        DockerfileError: A source is missing or ignored.
    """
    stage = stages[-1]
    words = instruction.words()
    where = f"Dockerfile line {instruction.line}: {instruction.name}"
    if len(words) < 2:
        raise DockerfileError(f"{where} needs a source and a destination.")
    *sources, destination = words
    base, ignore = context, context_ignore
    if origin := instruction.flags.get("from"):
        found = next((each for each in stages[:-1] if each.name == origin), None)
        if found is None and "uv" in origin:
            say(f"{origin}: this host's uv")
            base_image.write_installers(stages[-1].root, "uv")
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
        if base != context:
            tree.lead_to(place, base)


def _host_environment() -> dict[str, str]:
    """Return the host's settings for network access and uv's cache."""
    wanted = ("UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG")
    interpreter = ("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_PROJECT")
    given = {n: v for n, v in os.environ.items() if n.upper().startswith(wanted)}
    return {n: v for n, v in given.items() if not n.startswith(interpreter)}
