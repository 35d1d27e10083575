"""Runs one build, phase by phase."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.services.build import host
from local.services.build.buildspec import Buildspec, find
from local.services.build.commands import Commands
from local.services.build.log import BuildLog
from local.services.build.phases import Phases
from local.services.build.process_group import ProcessGroup
from local.services.build.record import BuildRecord
from local.services.images.store import ImageStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BuildOrder:
    """The settings of a build.

    Attributes:
        buildspec: YAML, a path in the source, or `None` for `buildspec.yml`.
        variables: Environment variables as `environmentVariablesOverride` has them.
        own: Variables that CodeBuild sets: region, endpoint, credentials, `CODEBUILD_…`.
        log_group: Where the log goes, or `None`.
        log_stream: Its stream.
        seconds: The most that the build may take.
        queued_seconds: The most that it may wait in the queue.
    """

    buildspec: str | None
    variables: list[dict[str, str]] = field(repr=False)
    own: dict[str, str] = field(repr=False)
    log_group: str | None
    log_stream: str
    seconds: float
    queued_seconds: float


class BuildRun:
    """One build, in a thread of its own.

    Args:
        record: What CodeBuild reports about it.
        order: Its settings.
        folder: Its folder, which is removed at the end.
        images: Where its images go.
        client: Makes boto3 clients with the service role's credentials.
        turns: Limits how many builds run at once.
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
        self._phases = Phases(record, self._stopped, order.seconds)
        self._thread = threading.Thread(target=self._run, name=f"build-{self._slug}", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self, wait: float = 5.0) -> None:
        """Stop it, and wait until it has ended.

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
            logger.exception("build %s failed unexpectedly", self.record.id)
            self.record.leave("FAULT", "INTERNAL_ERROR", "The local CodeBuild failed; see its log.")
            self._phases.outcome = "FAULT"
        finally:
            if queued:
                self._turns.release()
            self.record.complete_as("STOPPED" if self._stopped.is_set() else self._phases.outcome)

    def _wait_for_turn(self) -> bool:
        self.record.enter("QUEUED")
        deadline = time.monotonic() + self._order.queued_seconds
        while not self._turns.acquire(timeout=0.1):
            if self._stopped.is_set() or time.monotonic() > deadline:
                self._phases.outcome = "STOPPED" if self._stopped.is_set() else "TIMED_OUT"
                self.record.leave(self._phases.outcome)
                return False
        self.record.leave("SUCCEEDED")
        return True

    def _work(self) -> None:
        deadline = time.monotonic() + self._order.seconds
        try:
            with ProcessGroup() as group:
                self._group = group
                self._run_all(group, deadline)
        finally:
            self._group = None
            self._images.discard_unpublished(self._slug)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run_all(self, group: ProcessGroup, deadline: float) -> None:
        log = BuildLog(None, "", "")
        source = self._folder / "src"
        with self._phases.phase("PROVISIONING"):
            source.mkdir(parents=True)
            host.write_programs(self._folder / "bin", self._images.folder, self._slug)
            group_name = self._order.log_group
            logs = self._client("logs") if group_name else None
            log = BuildLog(logs, group_name or "", self._order.log_stream)
        spec = Buildspec({}, {}, {}, {}, [])
        variables: dict[str, str] = {}
        if self._phases.outcome != "SUCCEEDED":
            return
        with self._phases.phase("DOWNLOAD_SOURCE", log):
            described = self.record.describe()
            version = host.download_source(
                self._client("s3"), described["source"], described.get("sourceVersion"), source
            )
            self.record.update(resolvedSourceVersion=version or "none")
            spec = find(self._order.buildspec, source)
            variables = host.variables(self._client, spec, self._order.variables)
            variables |= self._order.own
        if self._phases.outcome == "SUCCEEDED":
            variables |= {"CODEBUILD_SRC_DIR": str(source)}
            environment = host.environment(self._folder, variables)
            commands = Commands(group, self._folder / "shell", source, environment, log.line)
            self._phases.run(spec, commands, log, deadline)
        if not self._stopped.is_set():
            for name in ("UPLOAD_ARTIFACTS", "FINALIZING"):
                with self._phases.phase(name, log):
                    pass
