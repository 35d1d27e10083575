"""Metrics of all environments, measured by each fleet execution; the template's alarms and dashboard read them.

Their dimensions are the stack and the stage. An environment is no dimension: there are as many as somebody makes, and
each would be a metric of its own.
"""

from __future__ import annotations

import time
from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit

from lifecycle.entry import metrics
from lifecycle.record import Record

ENVIRONMENTS = "Environments"
LOCKED = "LockedEnvironments"
EXPIRED = "ExpiredEnvironments"
OLDEST_LOCK = "OldestLockAge"
OLDEST_EXPIRY = "OldestExpiredAge"
ORPHANS = "Orphans"
VERIFY_FAILED = "VerifyFailed"


def measure_environments(records: list[Record]) -> None:
    """Count environments, locks and expired environments, and tell how old the oldest of each is, in seconds.

    An age is 0 when there is none, so that an alarm about it ends.
    """
    now = time.time()
    locks = [_age(record.lock.acquired_at, now) for record in records if record.lock is not None]
    expired = [
        now - record.expires_at
        for record in records
        if record.expires_at is not None and record.expires_at <= now
    ]
    for name, count in (
        (ENVIRONMENTS, len(records)),
        (LOCKED, len(locks)),
        (EXPIRED, len(expired)),
    ):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    for name, ages in ((OLDEST_LOCK, locks), (OLDEST_EXPIRY, expired)):
        metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=max(ages, default=0.0))


def measure_orphans(count: int) -> None:
    """Tell how many resources a sweep found that no record lists."""
    metrics.add_metric(name=ORPHANS, unit=MetricUnit.Count, value=count)


def measure_verification(failed: int) -> None:
    """Tell how many environments failed their smoke test in a fleet execution with the action `verify`."""
    metrics.add_metric(name=VERIFY_FAILED, unit=MetricUnit.Count, value=failed)


def _age(stamp: str, now: float) -> float:
    # The clock of another function may be ahead.
    return max(0.0, now - datetime.fromisoformat(stamp).timestamp())
