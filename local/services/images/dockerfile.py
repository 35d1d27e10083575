"""Reads a Dockerfile (Dockerfile reference, docs.docker.com): instructions, words, variables, ignore rules."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

KNOWN = frozenset(
    {
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    }
)

_DIRECTIVE = re.compile(r"#\s*\w+\s*=")
_VARIABLE = re.compile(
    r"\\(?P<escaped>\$)|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\})"
)


class DockerfileError(ValueError):
    """The Dockerfile says something that cannot be built here; the message says what and where."""


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        name: Upper case, such as `COPY`.
        flags: `--from=x` as `{"from": "x"}`.
        text: What follows, with continued lines joined.
        line: Number of its first line.
    """

    name: str
    flags: Mapping[str, str]
    text: str
    line: int

    def exec_form(self) -> list[str] | None:
        """Return the words of the JSON form, or `None` for the shell form."""
        if not self.text.startswith("["):
            return None
        try:
            words = json.loads(self.text)
        except ValueError:
            return None
        return words if all(isinstance(word, str) for word in words) else None

    def words(self) -> list[str]:
        """Return the words of the JSON form or, with quotes taken off, of the plain one."""
        return self.exec_form() or shlex.split(self.text)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the `name=value` pairs of ENV, ARG and LABEL; `ENV name value` is one pair."""
        words = shlex.split(self.text)
        if words and "=" not in words[0] and len(words) > 1 and self.name == "ENV":
            return [(words[0], self.text.split(None, 1)[1])]
        return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def parse(text: str) -> list[Instruction]:
    """Read a Dockerfile.

    Args:
        text: The file's text.

    Returns:
        Its instructions, in order.

    Raises:
        DockerfileError: An unknown instruction, a here-document, or no FROM.
    """
    found: list[Instruction] = []
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue  # comments may stand between continued lines
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        found.append(_instruction(pending + line, start))
        pending = ""
    if pending:
        found.append(_instruction(pending, start))
    if not any(each.name == "FROM" for each in found):
        raise DockerfileError("The Dockerfile has no FROM.")
    return found


def _instruction(text: str, line: int) -> Instruction:
    name, _, rest = text.strip().partition(" ")
    name, rest = name.upper(), rest.strip()
    if name not in KNOWN:
        raise DockerfileError(f"Dockerfile line {line}: unknown instruction {name}.")
    if name in ("RUN", "COPY", "ADD") and re.search(r"<<-?[\"']?\w", rest):
        raise DockerfileError(
            f"Dockerfile line {line}: the local build does not support here-documents."
        )
    flags: dict[str, str] = {}
    while match := re.match(r"--([\w-]+)(?:=(\S+))?(?:\s+|$)", rest):
        flags[match[1]] = match[2] or "true"
        rest = rest[match.end() :]
    return Instruction(name, flags, rest, line)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Put ARG and ENV values in: `$name`, `${name}`, `${name:-word}`, `${name:+word}`."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        known = variables.get(match["plain"] or match["name"], "")
        if match["how"] == "-":
            return known or str(match["word"])
        if match["how"] == "+":
            return str(match["word"]) if known else ""
        return known

    return _VARIABLE.sub(value, text)


@dataclass(frozen=True)
class IgnoreRules:
    """The rules of a `.dockerignore`, the last one that matches counts."""

    rules: list[tuple[bool, re.Pattern[str]]] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> IgnoreRules:
        """Read a `.dockerignore`."""
        lines = (line.strip() for line in text.splitlines())
        return cls(
            [
                (not line.startswith("!"), _pattern(line.lstrip("!").strip("/")))
                for line in lines
                if line and not line.startswith("#")
            ]
        )

    def ignores(self, path: PurePosixPath) -> bool:
        """Say whether a path, relative to the context, is left out of it."""
        ignored = False
        names = [str(each) for each in (path, *path.parents) if str(each) != "."]
        for leave_out, pattern in self.rules:
            if any(pattern.fullmatch(name) for name in names):
                ignored = leave_out
        return ignored


def _pattern(rule: str) -> re.Pattern[str]:
    translated = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", rule):
        translated += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(
            part, re.escape(part)
        )
    return re.compile(translated)
