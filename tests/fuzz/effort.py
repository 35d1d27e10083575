"""How much work a call is, counted instead of timed: a clock says something else on every machine."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class TooMuchWork(AssertionError):  # noqa: N818 - says what happened
    """A call did more than its input justifies."""


def within_calls(limit: int, call: Callable[[], T]) -> T:
    """Run a call, and stop it when it has called more functions than `limit`, in Python or in C.

    Raises:
        TooMuchWork: It did more.
    """
    count = 0

    def watch(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            if count > limit:
                sys.setprofile(None)
                raise TooMuchWork(f"more than {limit} calls")

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        return call()
    finally:
        sys.setprofile(before)


def within_memory(limit: int, call: Callable[[], T]) -> T:
    """Run a call, and fail if it held more than `limit` bytes at a time.

    Raises:
        TooMuchWork: It held more.
    """
    tracemalloc.start()
    try:
        result = call()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    if peak > limit:
        raise TooMuchWork(f"{peak} bytes at a time, allowed: {limit}")
    return result


def size_of(value: Any) -> int:
    """The size of a JSON value, about as many bytes as it has as text."""
    try:
        return len(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return 1_000_000
