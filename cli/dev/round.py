"""One round of the edit loop: upload the folder, provision the environment, and take the answer of the smoke test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from cli.dev.source import Source
from cli.display.progress import Progress, progress_on
from cli.errors import CommandError
from cli.execution.follow import Pace, Result, follow
from cli.execution.timeline import Moment, Timeline, payload_of
from cli.perform.execution import execution_name
from cli.perform.naming import name_of
from cli.target.target import Target

SMOKE_TEST = "Run the smoke test"
"""The state whose result has the answer."""
_PACE = Pace(quick=0.1, slow=0.3)
QUICK_WAIT = {"intervalSeconds": 0, "maxIntervalSeconds": 1, "timeoutSeconds": 378}
"""The polls of a round that only changed Python files. The build before it may have taken minutes, and the product
sleeps up to ten seconds between polls when it has learned that."""


@dataclass
class Outcome:
    """How a round ended.

    Attributes:
        began: When it began: the file was saved, or the command was started; seconds of `time.monotonic`.
        changed: The files that were saved.
        stages: Seconds of each phase, by its name, in order; phases can overlap.
        answer: What the agent answered; `None` if it was not asked, or has not answered.
        answered: Seconds from the beginning to the answer.
        seconds: Seconds from the beginning to the end.
        version: The version that `live` serves at the end, if the round succeeded.
        failure: Why the round failed, in one line; `None` if it succeeded.
        unchanged: Whether nothing was done, because no content differs.
    """

    began: float
    changed: Sequence[str] = ()
    stages: dict[str, float] = field(default_factory=dict)
    answer: str | None = None
    answered: float | None = None
    seconds: float = 0.0
    version: str | None = None
    failure: str | None = None
    unchanged: bool = False

    def since(self) -> float:
        """Return the seconds since the beginning."""
        return time.monotonic() - self.began


class Round:
    """Performs rounds.

    Args:
        target: The state machine.
        source: The folder.
        value: The input, with the location of the source.
        out: Where the phases are shown.
        answered: Called as soon as there is an answer.
    """

    def __init__(
        self,
        target: Target,
        source: Source,
        value: dict[str, Any],
        out: Console,
        answered: Callable[[Outcome], None],
    ) -> None:
        self._target = target
        self._source = source
        self._value = value
        self._out = out
        self._answered = answered
        self.execution: str | None = None
        """ARN of the execution that runs."""

    def run(self, outcome: Outcome) -> None:
        """Perform one round, and note in `outcome` how it ended."""
        try:
            self._source.check_syntax(outcome.changed)
            began = time.monotonic()
            outcome.unchanged = not self._source.upload()
            outcome.stages["Upload the source"] = time.monotonic() - began
            if not outcome.unchanged:
                self._provision(outcome)
        except (CommandError, ClientError, BotoCoreError) as error:
            # What was uploaded may not be deployed: the next save counts as a change.
            self._source.forget()
            outcome.failure = " ".join(str(error).split())
            if self.execution is not None:
                outcome.failure += f"; the execution may still run: {name_of(self.execution)}"
                self.execution = None
        outcome.seconds = outcome.since()

    def _provision(self, outcome: Outcome) -> None:
        quick = bool(outcome.changed) and all(name.endswith(".py") for name in outcome.changed)
        value = {"wait": QUICK_WAIT, **self._value} if quick else self._value
        self.execution = self._target.stepfunctions.start_execution(
            stateMachineArn=self._target.machine_arn,
            name=execution_name(),
            input=json.dumps(value, ensure_ascii=False),
        )["executionArn"]
        with progress_on(self._out) as progress:
            result = follow(
                self._target.stepfunctions,
                self.execution,
                lambda timeline, moments: self._tell(progress, outcome, timeline, moments),
                pace=_PACE,
            )
        self.execution = None
        self._note(outcome, result)

    def _tell(
        self, progress: Progress, outcome: Outcome, timeline: Timeline, moments: list[Moment]
    ) -> None:
        progress.tell(timeline, moments)
        now = datetime.now(UTC)
        outcome.stages |= {stage.state: stage.seconds(now) for stage in timeline.stages}
        answer = None if outcome.answer is not None else _answer(timeline.result_of(SMOKE_TEST))
        if answer is not None:
            outcome.answer, outcome.answered = answer, outcome.since()
            self._answered(outcome)

    def _note(self, outcome: Outcome, result: Result) -> None:
        output = result.output or {}
        if result.succeeded:
            outcome.version = str((output.get("promotion") or {}).get("version") or "")
            return
        # The same content is provisioned again at the next save, because the reason may lie elsewhere.
        self._source.forget()
        failure = result.failure
        outcome.failure = f"{failure.error}: {failure.reason}" if failure else result.status


def _answer(result: Any) -> str | None:
    """Return the answer in the result of the smoke test's state; `None` if there is none yet."""
    payload = payload_of(result)
    report = payload.get("smokeTest") if isinstance(payload, dict) else None
    if not isinstance(report, dict) or not report.get("passed"):
        return None
    return str(report.get("answer") or "")
