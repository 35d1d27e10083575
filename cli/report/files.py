"""Writes a report into files; the ending of a file's name says its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli.errors import CommandError, UsageError
from cli.report.junit import junit
from cli.texts import DEFAULT

FORMATS = {".html": "html", ".json": "json", ".xml": "junit"}
"""Each format by the ending of a file's name."""


class ReportError(CommandError):
    """A report cannot be written."""


def format_of(file: Path, option: str = "--report") -> str:
    """Return the format of a file: `html`, `json` or `junit`.

    Args:
        file: The file.
        option: The option that named it, for the message.

    Raises:
        UsageError: No format has this ending, or there is no folder to write into.
    """
    found = FORMATS.get(file.suffix.lower())
    if found is None:
        raise UsageError(f"{option} {file}: the file's name must end with {', '.join(FORMATS)}")
    check(file, option)
    return found


def check(file: Path, option: str) -> None:
    """Refuse a file that cannot be written, before anything is started.

    Raises:
        UsageError: The folder does not exist, or the file is a folder.
    """
    if not file.parent.is_dir():
        raise UsageError(f"{option} {file}: there is no folder {file.parent}")
    if file.is_dir():
        raise UsageError(f"{option} {file}: is a folder; give a file")


def text_of(report: dict[str, Any], kind: str, language: str = DEFAULT) -> str:
    """Return a report in a format.

    Args:
        report: What `cli.report.content.content` returns.
        kind: `html`, `json` or `junit`.
        language: That of the page, a language of `cli.texts.LANGUAGES`; the other formats are for programs.
    """
    if kind == "html":
        # Imported late: the template engine takes time, and CI needs only the others.
        from cli.report.html import html

        return html(report, language)
    if kind == "junit":
        return junit(report)
    return f"{json.dumps(report, ensure_ascii=False, indent=2)}\n"


def write(report: dict[str, Any], file: Path, kind: str, language: str = DEFAULT) -> None:
    """Write a report into a file.

    Args:
        report: What `cli.report.content.content` returns.
        file: The file; what it had is replaced.
        kind: `html`, `json` or `junit`.
        language: As for `text_of`.

    Raises:
        ReportError: The file cannot be written.
    """
    text = text_of(report, kind, language)
    try:
        # Half a surrogate pair, which an agent may answer with, is written as an escape.
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ReportError(f"{file}: cannot be written: {error.strerror}") from error
