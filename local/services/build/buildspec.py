"""Reads a buildspec (CodeBuild user guide, "Build specification reference for CodeBuild")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
_ENV = frozenset({"variables", "exported-variables", "shell", "secrets-manager", "parameter-store"})


class BuildspecError(ValueError):
    """The buildspec cannot be used; CodeBuild calls it `YAML_FILE_ERROR`."""


@dataclass(frozen=True)
class Phase:
    """The commands of one phase.

    Attributes:
        commands: Shell commands, in order.
        always: `finally`: run whether the commands succeed or not.
        goes_on: `on-failure: CONTINUE`.
    """

    commands: list[str] = field(default_factory=list)
    always: list[str] = field(default_factory=list)
    goes_on: bool = False


@dataclass(frozen=True)
class Buildspec:
    """What a build does.

    Attributes:
        phases: `install`, `pre_build`, `build`, `post_build`.
        variables: `env/variables`.
        secrets: `env/secrets-manager`, name to `id:key`.
        parameters: `env/parameter-store`, name to parameter.
        exported: `env/exported-variables`.
    """

    phases: Mapping[str, Phase]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    parameters: Mapping[str, str]
    exported: list[str]


def find(text: str | None, source: Path) -> Buildspec:
    """Read the buildspec of a build.

    Args:
        text: The project's or the call's: YAML, a path in the source, or `None` for `buildspec.yml`.
        source: Folder of the source.

    Returns:
        The buildspec.

    Raises:
        BuildspecError: It is not there, is not YAML, or says what cannot be done here.
    """
    if not text or "\n" not in text.strip():
        file = source / (text or "buildspec.yml").strip()
        if not file.is_file():
            raise BuildspecError(f"YAML file does not exist: {file.relative_to(source)}")
        text = file.read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Buildspec:
    """Read a buildspec's YAML.

    Raises:
        BuildspecError: As `find`.
    """
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"The buildspec is not YAML: {error}") from error
    if not isinstance(read, dict) or not isinstance(read.get("phases"), dict):
        raise BuildspecError("The buildspec has no phases.")
    if str(read.get("version")) != "0.2":
        raise BuildspecError("The buildspec's version has to be 0.2.")
    env, phases = read.get("env") or {}, read["phases"]
    if unknown := [*(set(env) - _ENV), *(set(phases) - set(PHASES))]:
        raise BuildspecError(f"The local CodeBuild does not support: {', '.join(sorted(unknown))}.")
    return Buildspec(
        phases={name: _phase(name, phases[name]) for name in PHASES if name in phases},
        variables={name: str(value) for name, value in (env.get("variables") or {}).items()},
        secrets=dict(env.get("secrets-manager") or {}),
        parameters=dict(env.get("parameter-store") or {}),
        exported=list(env.get("exported-variables") or []),
    )


def _phase(name: str, read: Any) -> Phase:
    if not isinstance(read, dict):
        raise BuildspecError(f"Phase {name} has no commands.")
    on_failure = read.get("on-failure", "ABORT")
    if on_failure not in ("ABORT", "CONTINUE"):
        raise BuildspecError(f"Phase {name}: on-failure has to be ABORT or CONTINUE.")
    return Phase(
        commands=list(_commands(name, read.get("commands"))),
        always=list(_commands(name, read.get("finally"))),
        goes_on=on_failure == "CONTINUE",
    )


def _commands(name: str, read: Any) -> Iterator[str]:
    for command in read or []:
        if not isinstance(command, str):
            raise BuildspecError(f"Phase {name}: {command} is not a command; put it in quotes.")
        yield command
