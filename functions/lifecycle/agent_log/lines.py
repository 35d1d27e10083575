"""Which line of an agent's log says why it failed, and what to do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_LINE_LENGTH = 240
# The line of an uncaught exception, as Python and Node.js write it: `package.SomeError: text`.
_EXCEPTION = re.compile(r"^[\w.$]*(?:Error|Exception|ExceptionGroup)\b\s*(?::|\[|$)")
_TROUBLE = re.compile(
    r"\b(?:error|exception|fatal|critical|panic|no such file|not found|cannot|denied|killed|out of memory)\b",
    re.IGNORECASE,
)
_HEADER = "Traceback (most recent call last)"
_LEVELS = frozenset({"ERROR", "CRITICAL", "FATAL"})
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# Other calls may run in the same log: a JSON Web Token, an access key, what follows an Authorization header, and what a
# URL says before its host.
_CREDENTIALS = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]*){0,2}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}"
    r"|\b(?:gh[pousr]_|github_pat_)\w{20,}|(?<=://)[^\s/]+(?=@)",
    re.IGNORECASE,
)
# What follows a name of something secret. A colon is more often that of a sentence than an equals sign: after it, the
# name must be quoted, or of two words, as in JSON and headers, or the value must look like one.
_NAMED = re.compile(
    r"""
    (
        (?:token|key|secret|password|passwd|auth(?:orization)?)["']?\s*=(?!=)\s*
      | (?:token|key|secret|password|passwd|auth(?:orization)?)["']\s*:\s*
      | (?<=[-_])(?:token|key|secret|password|auth)\s*:\s*
      | (?<![a-z])(?:password|passwd|authorization)\s*:\s+
      | (?:token|secret|(?<=[a-z])key)\s*:\s+(?=\S{6})(?=\S*\d)
    )
    (?:(?:Bearer|Basic|Token)\s+)?(?:"[^"]*"|'[^']*'|\S+)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HINTS = (
    (
        r"No module named|Cannot find (?:module|package)|cannot import name",
        "add what is missing to the agent's requirements.txt or package.json, or to its source",
    ),
    (r"exec format error|wrong ELF class|invalid ELF header", "build the agent for ARM64"),
    (r"SyntaxError|IndentationError", "correct the agent's source"),
    (
        r"AccessDenied|not authorized to perform",
        "allow the action to the agent's execution role (AgentExecutionRole in template.yaml)",
    ),
    (
        r"MemoryError|out of memory|\bKilled\b",
        "the agent needs more memory than it has",
    ),
    (r"Address already in use", "let only one process of the agent listen on its port"),
    (
        r"No such file or directory|command not found|ENOENT",
        "add the file to the artifact, or correct the path or the entry point",
    ),
)
_FIX = "fix it in the agent"


def error_line(messages: Iterable[str]) -> str | None:
    """Find the last line of a log that tells of an error.

    An uncaught exception counts more than a line that only speaks of an error, such as an access log.

    Args:
        messages: The log's events, the oldest first; an event may have many lines or be a JSON object.

    Returns:
        The line as it is; see `presentable`. None when no line tells of an error.
    """
    exception = trouble = None
    for message in messages:
        for line in _lines(message):
            if is_exception(line):
                exception = line
            elif is_trouble(line):
                trouble = line
    return exception or trouble


def is_exception(line: str) -> bool:
    """Whether a line is that of an uncaught exception, as Python and Node.js write it."""
    return _EXCEPTION.match(line) is not None


def is_trouble(line: str) -> bool:
    """Whether a line speaks of an error, and is no head, frame or source of a stack trace."""
    return (
        _TROUBLE.search(line) is not None
        and not line.startswith(_HEADER)
        and not line[:1].isspace()
    )


def without_escapes(text: str) -> str:
    """A text without the sequences that colour it on a terminal."""
    return _ESCAPES.sub("", text)


def hint(line: str) -> str:
    """What to do about an error line; only what follows from the line itself."""
    return next((text for pattern, text in _HINTS if re.search(pattern, line)), _FIX)


def presentable(line: str) -> str:
    """A line that may be shown: printable, without credentials, at most 240 characters."""
    printable = "".join(sign if sign.isprintable() else " " for sign in line)
    named = _NAMED.sub(r"\1(hidden)", printable)
    text = " ".join(_CREDENTIALS.sub("(hidden)", named).split())
    return text if len(text) <= _LINE_LENGTH else f"{text[: _LINE_LENGTH - 1]}…"


def _lines(message: str) -> Iterator[str]:
    structured = _structured(message)
    if structured is not None:
        yield structured
        return
    for line in without_escapes(message).splitlines():
        # Indented lines are frames and source of a stack trace.
        if line and not line[0].isspace():
            yield line


def _structured(message: str) -> str | None:
    """The error of a JSON log event, as one line; an empty line for an event of another level."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        event: Any = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    kind, text = event.get("errorType"), event.get("errorMessage") or event.get("message")
    if isinstance(kind, str) and kind:
        return f"{kind}: {text}"
    level = str(event.get("level") or event.get("severityText") or "").upper()
    if level not in _LEVELS:
        return ""
    return f"error: {text or event.get('body') or event.get('msg') or 'no message'}"
