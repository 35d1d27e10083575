"""Runs one build, phase by phase."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.services.build import host
from local.services.build.buildspec import PHASES, Buildspec, BuildspecError, find
from local.services.build.commands import Commands, CommandTimeoutError
from local.services.build.log import BuildLog
from local.services.build.process_group import ProcessGroup
from local.services.build.record import BuildRecord, Status
from local.services.images.store import ImageStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BuildOrder:
    """What a build needs.

    Attributes:
        buildspec: YAML, a path in the source, or `None` for `buildspec.yml`.
        variables: Environment variables as `environmentVariablesOverride` has them.
        own: Variables that CodeBuild sets: region, endpoint, credentials, `CODEBUILD_…`.
        log_group: Where the log goes, or `None`.
        log_stream: Its stream.
        seconds: The most the build may take.
        queued_seconds: The most it may wait for its turn.
    """

    buildspec: str | None
    variables: list[dict[str, str]] = field(repr=False)
    own: dict[str, str] = field(repr=False)
    log_group: str | None
    log_stream: str
    seconds: float
    queued_seconds: float


class _PhaseFailed(Exception):  # noqa: N818 (a signal between the methods below)
    def __init__(self, status: Status, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class BuildRun:
    """One build, in a thread of its own.

    Args:
        record: What CodeBuild tells about it.
        order: What it needs.
        folder: Its own folder; it is removed at the end.
        images: Where its images go.
        client: Makes boto3 clients with the service role's credentials.
        turns: How many builds may run at once.
    """

    def __init__(
        self,
        record: BuildRecord,
        order: BuildOrder,
        folder: Path,
        images: ImageStore,
        client: Callable[[str], Any],
        turns: threading.Semaphore,
    ) -> None:
        self.record, self._order, self._folder = record, order, folder
        self._images, self._client, self._turns = images, client, turns
        self._slug = record.id.rpartition(":")[2]
        self._stopped = threading.Event()
        self._group: ProcessGroup | None = None
        self._outcome: Status = "SUCCEEDED"
        self._thread = threading.Thread(target=self._run, name=f"build-{self._slug}", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self, wait: float = 5.0) -> None:
        """Stop it, and wait until it is over.

        Args:
            wait: The longest to wait, in seconds.
        """
        self._stopped.set()
        if self._group is not None:
            self._group.kill()
        if self._thread is not threading.current_thread():
            self._thread.join(wait)

    def _run(self) -> None:
        self.record.enter("SUBMITTED")
        self.record.leave("SUCCEEDED")
        queued = False
        try:
            queued = self._wait_for_turn()
            if queued:
                self._work()
        except Exception:
            logger.exception("build %s broke", self.record.id)
            self.record.leave(
                "FAULT", "INTERNAL_ERROR", "The embedded CodeBuild broke; see its log."
            )
            self._outcome = "FAULT"
        finally:
            if queued:
                self._turns.release()
            self.record.complete_as("STOPPED" if self._stopped.is_set() else self._outcome)

    def _wait_for_turn(self) -> bool:
        self.record.enter("QUEUED")
        deadline = time.monotonic() + self._order.queued_seconds
        while not self._turns.acquire(timeout=0.1):
            if self._stopped.is_set() or time.monotonic() > deadline:
                self._outcome = "STOPPED" if self._stopped.is_set() else "TIMED_OUT"
                self.record.leave(self._outcome)
                return False
        self.record.leave("SUCCEEDED")
        return True

    def _work(self) -> None:
        deadline = time.monotonic() + self._order.seconds
        try:
            with ProcessGroup() as group:
                self._group = group
                self._phases(group, deadline)
        finally:
            self._group = None
            self._images.discard_unpublished(self._slug)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _phases(self, group: ProcessGroup, deadline: float) -> None:
        log = BuildLog(None, "", "")
        source = self._folder / "src"
        with self._phase("PROVISIONING"):
            source.mkdir(parents=True)
            host.write_programs(self._folder / "bin", self._images.folder, self._slug)
            group_name = self._order.log_group
            logs = self._client("logs") if group_name else None
            log = BuildLog(logs, group_name or "", self._order.log_stream)
        spec = Buildspec({}, {}, {}, {}, [])
        variables: dict[str, str] = {}
        if self._outcome != "SUCCEEDED":
            return
        with self._phase("DOWNLOAD_SOURCE", log):
            described = self.record.describe()
            version = host.download_source(
                self._client("s3"), described["source"], described.get("sourceVersion"), source
            )
            self.record.update(resolvedSourceVersion=version or "none")
            spec = find(self._order.buildspec, source)
            variables = self._variables(spec)
        if self._outcome == "SUCCEEDED":
            variables |= {"CODEBUILD_SRC_DIR": str(source)}
            environment = host.environment(self._folder, variables)
            commands = Commands(group, self._folder / "shell", source, environment, log.line)
            self._run_phases(spec, commands, log, deadline)
        if not self._stopped.is_set():
            for name in ("UPLOAD_ARTIFACTS", "FINALIZING"):
                with self._phase(name, log):
                    pass

    def _run_phases(
        self, spec: Buildspec, commands: Commands, log: BuildLog, deadline: float
    ) -> None:
        before = ""
        for name in PHASES:
            # POST_BUILD runs after a failed BUILD, and nothing after any other failure.
            if self._outcome != "SUCCEEDED" and (self._outcome, before) != ("FAILED", "build"):
                return
            before = name if self._outcome == "SUCCEEDED" else ""
            with self._phase(name.upper(), log):
                if name in spec.phases:
                    phase = spec.phases[name]
                    try:
                        for command in phase.commands:
                            self._command(command, commands, log, deadline)
                    except _PhaseFailed as failed:
                        if not phase.goes_on or failed.status != "FAILED":
                            raise
                        log.note(f"{failed.message}; on-failure says CONTINUE")
                    finally:
                        if not self._stopped.is_set() and time.monotonic() < deadline:
                            for command in phase.always:
                                self._command(command, commands, log, deadline)
        if self._outcome == "SUCCEEDED":
            exported = [
                {"name": name, "value": commands.variable(name, deadline)} for name in spec.exported
            ]
            self.record.update(exportedEnvironmentVariables=exported)

    def _command(self, command: str, commands: Commands, log: BuildLog, deadline: float) -> None:
        if self._stopped.is_set():
            raise _PhaseFailed("STOPPED", "", "")
        log.note(f"Running command {command}")
        try:
            status = commands.run(command, deadline)
        except CommandTimeoutError:
            minutes = f"{self._order.seconds / 60:g}"
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

    @contextmanager
    def _phase(self, name: str, log: BuildLog | None = None) -> Iterator[None]:
        self.record.enter(name)
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
        except (host.SourceError, ClientError, BotoCoreError) as error:
            status, code, message = "FAILED", "CLIENT_ERROR", str(error)
        if log:
            log.note(f"Phase complete: {name} State: {status}")
            log.note(f"Phase context status code: {code} Message: {message}")
            log.flush()
        self.record.leave(status, code, message)
        if self._outcome == "SUCCEEDED":
            self._outcome = status

    def _variables(self, spec: Buildspec) -> dict[str, str]:
        """Return the build's variables; the call's count more than the project's, then the buildspec's."""
        read = dict(spec.variables)
        read |= {name: self._secret(where) for name, where in spec.secrets.items()}
        read |= {name: self._parameter(where) for name, where in spec.parameters.items()}
        for variable in self._order.variables:
            fetch = {"SECRETS_MANAGER": self._secret, "PARAMETER_STORE": self._parameter}.get(
                variable.get("type", "PLAINTEXT"), str
            )
            read[variable["name"]] = fetch(variable["value"])
        return read | self._order.own

    def _secret(self, where: str) -> str:
        """Read `secret-id[:json-key]`; an ARN has seven parts of its own."""
        parts = where.split(":")
        own = 7 if where.startswith("arn:") else 1
        found = self._client("secretsmanager").get_secret_value(SecretId=":".join(parts[:own]))
        text = str(found["SecretString"])
        return str(json.loads(text)[parts[own]]) if len(parts) > own and parts[own] else text

    def _parameter(self, name: str) -> str:
        found = self._client("ssm").get_parameter(Name=name, WithDecryption=True)
        return str(found["Parameter"]["Value"])
