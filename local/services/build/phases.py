"""The phases of a build."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from local.services.build.buildspec import PHASES, Buildspec, BuildspecError
from local.services.build.commands import Commands, CommandTimeoutError
from local.services.build.host import SourceError
from local.services.build.log import BuildLog
from local.services.build.record import BuildRecord, Status


class _PhaseFailed(Exception):  # noqa: N818 (a signal between the methods below)
    def __init__(self, status: Status, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Phases:
    """Enters and leaves the phases of one build, and keeps the build's outcome.

    Args:
        record: Where phases and statuses are written.
        stopped: Set when the build is stopped.
        seconds: The most that the build may take, for its message.

    Attributes:
        outcome: How the build ends, as far as it is known.
    """

    def __init__(self, record: BuildRecord, stopped: threading.Event, seconds: float) -> None:
        self._record, self._stopped, self._seconds = record, stopped, seconds
        self.outcome: Status = "SUCCEEDED"

    @contextmanager
    def phase(self, name: str, log: BuildLog | None = None) -> Iterator[None]:
        """Enter a phase, and leave it with the status that its body ends with.

        Args:
            name: Such as `INSTALL`.
            log: Receives notes, if given.
        """
        self._record.enter(name)
        status: Status = "SUCCEEDED"
        code = message = ""
        if log:
            log.note(f"Entering phase {name}")
        try:
            yield
        except _PhaseFailed as failed:
            status, code, message = failed.status, failed.code, failed.message
        except BuildspecError as error:
            status, code, message = "FAILED", "YAML_FILE_ERROR", str(error)
        except (SourceError, ClientError, BotoCoreError) as error:
            status, code, message = "FAILED", "CLIENT_ERROR", str(error)
        if log:
            log.note(f"Phase complete: {name} State: {status}")
            log.note(f"Phase context status code: {code} Message: {message}")
            log.flush()
        self._record.leave(status, code, message)
        if self.outcome == "SUCCEEDED":
            self.outcome = status

    def run(self, spec: Buildspec, commands: Commands, log: BuildLog, deadline: float) -> None:
        """Run the commands of a buildspec.

        Args:
            spec: The buildspec.
            commands: The shell.
            log: The build's log.
            deadline: When the build times out, on the clock of `time.monotonic`.
        """
        before = ""
        for name in PHASES:
            # POST_BUILD runs after a failed BUILD, and nothing after any other failure.
            if self.outcome != "SUCCEEDED" and (self.outcome, before) != ("FAILED", "build"):
                return
            before = name if self.outcome == "SUCCEEDED" else ""
            with self.phase(name.upper(), log):
                if name in spec.phases:
                    phase = spec.phases[name]
                    try:
                        for command in phase.commands:
                            self._command(command, commands, log, deadline)
                    except _PhaseFailed as failed:
                        if not phase.goes_on or failed.status != "FAILED":
                            raise
                        log.note(f"{failed.message}; on-failure is CONTINUE")
                    finally:
                        if not self._stopped.is_set() and time.monotonic() < deadline:
                            for command in phase.always:
                                self._command(command, commands, log, deadline)
        if self.outcome == "SUCCEEDED":
            exported = [
                {"name": name, "value": commands.variable(name, deadline)} for name in spec.exported
            ]
            self._record.update(exportedEnvironmentVariables=exported)

    def _command(self, command: str, commands: Commands, log: BuildLog, deadline: float) -> None:
        if self._stopped.is_set():
            raise _PhaseFailed("STOPPED", "", "")
        log.note(f"Running command {command}")
        try:
            status = commands.run(command, deadline)
        except CommandTimeoutError:
            minutes = f"{self._seconds / 60:g}"
            raise _PhaseFailed(
                "TIMED_OUT", "BUILD_TIMED_OUT", f"Build has timed out: {minutes} minutes are over."
            ) from None
        except OSError:
            if self._stopped.is_set():
                raise _PhaseFailed("STOPPED", "", "") from None
            raise
        if self._stopped.is_set():
            raise _PhaseFailed("STOPPED", "", "")
        if status:
            raise _PhaseFailed(
                "FAILED",
                "COMMAND_EXECUTION_ERROR",
                f"Error while executing command: {command}. Reason: exit status {status}",
            )
