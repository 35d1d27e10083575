"""When each stage of an execution worked, waited and was retried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cli.execution.timeline import Change, Moment, Stage

_MOST_SPANS = 200
"""Of one stage; a long loop has hundreds of rounds, and a bar has no room for more."""


def spans(moments: Iterable[Moment], began: datetime, ended: datetime) -> dict[int, dict[str, Any]]:
    """Return what each stage did.

    Args:
        moments: The changes of all stages, in order.
        began: When the execution began.
        ended: When it ended, or now.

    Returns:
        By the id of the `Stage`: `spans` (each with `kind`, which is `work` or `wait`, and `from` and `to` in seconds
        since the execution began), `retriesAt` (in the same seconds), and `omittedSpans`.
    """
    found: dict[int, dict[str, Any]] = {}
    open_since: dict[int, tuple[str, datetime]] = {}
    for moment in moments:
        key = id(moment.stage)
        one = found.setdefault(key, {"spans": [], "retriesAt": [], "omittedSpans": 0})
        if moment.change is Change.RETRYING:
            one["retriesAt"].append(_since(moment.at, began))
            continue
        if key in open_since:
            _close(one, *open_since.pop(key), moment.at, began)
        if moment.change is not Change.ENDED:
            kind = "wait" if moment.change is Change.WAITING else "work"
            open_since[key] = (kind, moment.at)
    for key, (kind, at) in open_since.items():
        _close(found[key], kind, at, ended, began)
    return found


def of_stage(found: dict[int, dict[str, Any]], stage: Stage) -> dict[str, Any]:
    """Return what one stage did, from what `spans` returns."""
    return found.get(id(stage), {"spans": [], "retriesAt": [], "omittedSpans": 0})


def _close(one: dict[str, Any], kind: str, at: datetime, to: datetime, began: datetime) -> None:
    span = {
        "kind": kind,
        "from": _since(at, began),
        "to": max(_since(to, began), _since(at, began)),
    }
    if len(one["spans"]) < _MOST_SPANS:
        one["spans"].append(span)
    else:
        # The bar ends where the stage does.
        one["omittedSpans"] += 1
        one["spans"][-1]["to"] = span["to"]


def _since(at: datetime, began: datetime) -> float:
    return round(max((at - began).total_seconds(), 0), 3)
