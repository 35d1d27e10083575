"""The commands that an output proposes, called as the user called this one: each can be pasted as it stands."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

QUESTION = "'…'"
"""Stands for a question in a command."""


def this_command() -> str:
    """Return what to type in a shell to call `lifecycle` as it was called now.

    This is `lifecycle` if the PATH finds it, and otherwise the path by which it was called, quoted for a shell.
    """
    called = sys.argv[0]
    if Path(called).suffix == ".py":
        return f"{shlex.quote(sys.executable)} -m cli.main"
    return _shortest(called)


def aws_command() -> str:
    """Return what to type in a shell to call the AWS CLI: from the PATH, or the one installed with this command."""
    beside = Path(sys.argv[0]).with_name("aws")
    return "aws" if shutil.which("aws") or not beside.exists() else shlex.quote(str(beside))


def ask_again(options: str, environment: str) -> str:
    """Return the command that asks the agent of an environment a question.

    Args:
        options: What selects the same stack again.
        environment: The environment's name.
    """
    return hint("ask", options, environment, QUESTION)


def hint(words: str, options: str, *arguments: str) -> str:
    """Return another command of `lifecycle`.

    Args:
        words: The command's name, such as `history` or `fleet verify`, and what may stand before the options.
        options: What selects the same stack again.
        *arguments: What follows, each quoted for a shell if it has to be.
    """
    return " ".join((this_command(), words, options, *arguments))


def _shortest(called: str) -> str:
    name = Path(called).name
    found = shutil.which(name)
    if os.sep not in called or (found and Path(found).resolve() == Path(called).resolve()):
        return name
    return shlex.quote(called)
