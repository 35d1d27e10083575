"""Runs the commands of a build, one after the other, as if in one shell."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local.services.build.process_group import ProcessGroup

# Variables, functions and the working folder go from one command to the next through two files, so
# that a command may `exit`.
_SCRIPT = """
__state=$1
[ -f "$__state/variables" ] && . "$__state/variables" 2>/dev/null
cd "$(<"$__state/folder")" || exit 1
trap '{ declare -p; declare -f; } >"$__state/variables" 2>/dev/null; pwd >"$__state/folder"' EXIT
eval "$(<"$__state/command")"
"""


class CommandTimeoutError(Exception):
    """The build's time was over."""


class Commands:
    """The shell of one build.

    Args:
        group: Where its processes belong.
        folder: A folder of its own, for what goes from one command to the next.
        source: Where the first command starts.
        environment: The whole environment of the commands.
        say: Takes a line of output.
    """

    def __init__(
        self,
        group: ProcessGroup,
        folder: Path,
        source: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._group, self._folder, self._say = group, folder, say
        self._source, self._environment = source, dict(environment)
        self._bash = shutil.which("bash") or "/bin/bash"
        folder.mkdir(parents=True)
        (folder / "folder").write_text(str(source), encoding="utf-8")

    def run(self, command: str, deadline: float) -> int:
        """Run one command.

        Args:
            command: Shell text.
            deadline: When it is killed, on `time.monotonic`'s clock.

        Returns:
            Its exit status; negative when a signal ended it.

        Raises:
            CommandTimeoutError: The deadline passed; the group was killed.
            OSError: The group was killed before.
        """
        (self._folder / "command").write_text(command, encoding="utf-8")
        return self._run(_SCRIPT, deadline, self._say)

    def variable(self, name: str, deadline: float) -> str:
        """Return what a variable is now; empty if there is none."""
        (self._folder / "command").write_text(f'printf %s "${{{name}-}}"', encoding="utf-8")
        lines: list[str] = []
        self._run(_SCRIPT, deadline, lines.append)
        return "\n".join(lines)

    def _run(self, script: str, deadline: float, say: Callable[[str], None]) -> int:
        process = self._group.start(
            [self._bash, "-c", script, "bash", str(self._folder)], self._environment, self._source
        )
        reader = threading.Thread(target=_read, args=(process, say), name="build-output")
        reader.start()
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._group.kill()
            process.wait()
            raise CommandTimeoutError from None
        finally:
            # A process left in the background keeps the pipe open; it does not hold up the build.
            reader.join(2)
        return status


def _read(process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
    if process.stdout is None:
        return
    with process.stdout as output:
        for line in output:
            say(line.decode(errors="replace").rstrip("\r\n"))
