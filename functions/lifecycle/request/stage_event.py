"""What the state machine passes to each stage, and what a stage in a polling loop returns."""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import Field

from lifecycle.entry import Wire
from lifecycle.polling.schedule import Bounds, Kind, Learned, Look, learn, wait_seconds
from lifecycle.request.model import Request


class Polled(Wire):
    """What every stage in a polling loop returns.

    Attributes:
        done: Whether the loop ends.
        look: This look, with the wait until the next one; null when the loop ends.
        learned: How long runs took, as far as it is known now.
    """

    done: bool
    look: Look | None = None
    learned: Learned = Field(default_factory=dict)


class StageEvent(Wire):
    """What the state machine passes to a stage.

    Attributes:
        execution: ARN of the execution, which holds the environment's lock.
        request: The request as `prepare_request` returned it.
        deadline: When the polling loop gives up, in seconds since the epoch; only for stages in a loop.
        look: The last look of the loop; null before the first one.
        learned: How long earlier runs took; only for stages in a loop.
        automatic: A verification rolls back by itself; only for the stage that promotes.
        part: What of the gateway of a closed runtime is made before the runtime is called; only for the stage that
            deploys the gateway. Null: everything, after the promotion.
    """

    execution: str
    request: Request
    deadline: float | None = None
    look: Look | None = None
    learned: Learned = Field(default_factory=dict)
    automatic: bool = False
    part: Literal["gateway", "candidate"] | None = None

    @property
    def overdue(self) -> bool:
        """Whether the deadline has come: this look is the last one."""
        return self.deadline is not None and time.time() >= self.deadline

    def began(self, kind: Kind | None) -> dict[str, Any]:
        """The members of `Polled` after a call with which AWS began something.

        Args:
            kind: What it is; None when its duration says nothing about other runs.
        """
        now = time.time()
        before = self.look.kind if self.look else None
        # The next thing begins when the last one is done.
        learned = learn(self.learned, self.look, now) if before != kind else self.learned
        quick = self.request.wait.interval_seconds == 0
        wait = 0 if quick else self._wait(kind, now, now)
        return {
            "done": False,
            "look": Look(kind=kind, since=now, at=now, wait_seconds=wait),
            "learned": learned,
        }

    def looked(
        self, *, done: bool, ended: bool = False, ended_at: float | None = None
    ) -> dict[str, Any]:
        """The members of `Polled` after a look.

        Args:
            done: The loop ends.
            ended: What was waited for is done, but the loop goes on.
            ended_at: When it was done, if AWS says so, in seconds since the epoch.
        """
        now = time.time()
        learned = self.learned
        if done or ended:
            learned = learn(learned, self.look, now, ended_at)
        if done:
            return {"done": True, "look": None, "learned": learned}
        kind, since = (self.look.kind, self.look.since) if self.look else (None, now)
        kind = None if ended else kind
        look = Look(kind=kind, since=since, at=now, wait_seconds=self._wait(kind, since, now))
        return {"done": False, "look": look, "learned": learned}

    def _wait(self, kind: Kind | None, since: float, now: float) -> int:
        wait = self.request.wait
        bounds = Bounds(
            shortest=wait.interval_seconds,
            longest=wait.max_interval_seconds,
            deadline=None if self.deadline is None else self.deadline - since,
        )
        return wait_seconds(now - since, self.learned.get(kind, []) if kind else [], bounds)
