"""Step Functions: Wait states of one second that end sooner, for whoever edits an agent and waits for the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)


@contextmanager
def short_waits(seconds: float) -> Iterator[None]:
    """Let each Wait state of one second wait less; longer waits stay as they are.

    A Wait state takes whole seconds, in AWS and in moto. On this machine, what a poll waits for is often done in less.
    The history has more polls than in AWS, so this is only for waits that somebody looks at.

    Args:
        seconds: How long a wait of one second takes, below 1.
    """
    whole = WaitFunction._wait_interval

    def wait(self: WaitFunction, env: Any, wait_seconds: int) -> None:
        if wait_seconds != 1:
            whole(self, env, wait_seconds)
            return
        end = time.monotonic() + seconds
        # The event is set when the execution is stopped; without that, what wakes the wait does not end it.
        while env.is_running() and (left := end - time.monotonic()) > 0:
            env.program_state_event.wait(left)

    WaitFunction._wait_interval = wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        WaitFunction._wait_interval = whole  # type: ignore[method-assign]
