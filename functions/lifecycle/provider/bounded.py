"""Limits for what another party decides: how long a call takes, and how much of an answer is read.

A read time-out only limits the time between two packets, so a peer that sends one byte at a time could hold a call for
hours: in the response headers, in the body, in the name lookup. The limits here are for the whole call.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

MAX_BYTES = 1_000_000
"""The rest of a longer body is not read."""

T = TypeVar("T")


class TooLateError(Exception):
    """The call did not end in time. The caller says what that means."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """Run a call in a thread, and give up on it when its time is over.

    Args:
        seconds: How long the call may take. The call is not made if this is 0 or less.
        call: What to run. It must end by itself at some point; its result is dropped if it is late.

    Returns:
        What the call returns.

    Raises:
        TooLateError: The call did not end in time.
        Exception: What the call raises.
    """
    if seconds <= 0:
        raise TooLateError
    results: queue.SimpleQueue[tuple[list[T], BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put(([call()], None))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            results.put(([], error))

    threading.Thread(target=run, name="smoke-test-call", daemon=True).start()
    try:
        values, error = results.get(timeout=seconds)
    except queue.Empty:
        raise TooLateError from None
    if error is not None:
        raise error
    return values[0]


def read(chunks: Iterable[bytes], seconds: float) -> bytes:
    """Read a body.

    Args:
        chunks: The body, in pieces as they come.
        seconds: How long the whole body may take.

    Returns:
        The body, at most `MAX_BYTES` of it.

    Raises:
        TooLateError: The body did not end in time.
    """
    deadline = time.monotonic() + seconds
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) >= MAX_BYTES:
            break
        if time.monotonic() > deadline:
            raise TooLateError
    return bytes(body[:MAX_BYTES])
