"""What CodeBuild tells about one build (botocore's `Build` shape), kept while it runs."""

from __future__ import annotations

import copy
import threading
from datetime import UTC, datetime
from typing import Any, Literal

Status = Literal["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"]


class BuildRecord:
    """A build, safe between threads.

    Args:
        described: The members of `Build` that are known from the start.
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self.id: str = described["id"]
        self._lock = threading.Lock()
        self._build = described | {
            "startTime": _now(),
            "buildStatus": "IN_PROGRESS",
            "buildComplete": False,
            "phases": [],
            "exportedEnvironmentVariables": [],
        }

    def describe(self) -> dict[str, Any]:
        """Return the build as `BatchGetBuilds` does."""
        with self._lock:
            return copy.deepcopy(self._build)

    @property
    def complete(self) -> bool:
        """Whether it is over."""
        return bool(self._build["buildComplete"])

    def update(self, **members: Any) -> None:
        """Set members of `Build`."""
        with self._lock:
            self._build |= members

    def enter(self, phase: str) -> None:
        """Begin a phase, such as `PRE_BUILD`."""
        with self._lock:
            self._build["phases"].append({"phaseType": phase, "startTime": _now()})
            self._build["currentPhase"] = phase

    def leave(self, status: Status, code: str = "", message: str = "") -> None:
        """End the current phase.

        Args:
            status: How.
            code: `statusCode` of its context, such as `COMMAND_EXECUTION_ERROR`.
            message: What went wrong.
        """
        with self._lock:
            phase = self._build["phases"][-1]
            phase["phaseStatus"] = status
            phase["endTime"] = _now()
            phase["durationInSeconds"] = int(
                (phase["endTime"] - phase["startTime"]).total_seconds()
            )
            phase["contexts"] = [{"statusCode": code, "message": message}]

    def complete_as(self, status: Status) -> None:
        """End the build."""
        with self._lock:
            now = _now()
            self._build["phases"].append({"phaseType": "COMPLETED", "startTime": now})
            self._build |= {
                "currentPhase": "COMPLETED",
                "buildStatus": status,
                "endTime": now,
                "buildComplete": True,
            }


def _now() -> datetime:
    return datetime.now(UTC)
