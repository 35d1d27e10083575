"""How the user called this command, so that a printed hint can be pasted as it stands."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


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


def _shortest(called: str) -> str:
    name = Path(called).name
    found = shutil.which(name)
    if os.sep not in called or (found and Path(found).resolve() == Path(called).resolve()):
        return name
    return shlex.quote(called)
