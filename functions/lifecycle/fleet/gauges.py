"""Metrics of all environments, measured by each fleet execution; the template's alarms and dashboard read them.

Their dimensions are the stack and the stage. An environment is no dimension: there are as many as somebody makes, and
each would be a metric of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
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


def measure_environments(count: int) -> None:
    """Tell how many environments there are. Only a fleet execution that reads every record knows it."""
    metrics.add_metric(name=ENVIRONMENTS, unit=MetricUnit.Count, value=count)


def measure_expired(records: Iterable[Record]) -> None:
    """Count the environments that have expired, and tell how long ago the first of them did, in seconds.

    Args:
        records: Some records, those that have expired among them.
    """
    now = time.time()
    ages = [now - record.expires_at for record in records if record.expires_at is not None]
    _measure_ages(EXPIRED, OLDEST_EXPIRY, [age for age in ages if age >= 0])


def measure_locks(starts: Iterable[datetime]) -> None:
    """Count the locks that are held, and tell how old the oldest is, in seconds.

    Args:
        starts: When each execution of the lifecycle that runs began. It holds its environment's lock from its first
            state to its last. A lock that an ended execution left behind holds nobody up, so it does not count.
    """
    now = time.time()
    _measure_ages(LOCKED, OLDEST_LOCK, [now - start.timestamp() for start in starts])


def _measure_ages(counted: str, oldest: str, ages: list[float]) -> None:
    metrics.add_metric(name=counted, unit=MetricUnit.Count, value=len(ages))
    # 0 when there is none, so that an alarm about it ends. The clock of Step Functions may be ahead.
    metrics.add_metric(name=oldest, unit=MetricUnit.Seconds, value=max([0.0, *ages]))


def measure_orphans(count: int) -> None:
    """Tell how many resources a sweep found that no record lists."""
    metrics.add_metric(name=ORPHANS, unit=MetricUnit.Count, value=count)


def measure_verification(failed: int) -> None:
    """Tell how many environments failed their smoke test in a fleet execution with the action `verify`."""
    metrics.add_metric(name=VERIFY_FAILED, unit=MetricUnit.Count, value=failed)
