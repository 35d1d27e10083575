"""What the gateway's metrics show: how many calls there were, and how many failed.

Source: AgentCore developer guide, "AgentCore generated gateway observability data": the names, and that they come in
batches of a minute. Which dimensions a gateway with HTTP targets publishes together is not documented, so they are
listed: metrics of the same dimensions are added up, and of several such sums the largest is the whole.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from lifecycle.request.promotion.section import CanaryChecks

NAMESPACE = "AWS/Bedrock-AgentCore"
CALLS = "Invocations"
ERRORS = ("UserErrors", "SystemErrors")
"""Answers of 4xx but 429, and of 5xx. An agent that fails is a 424, so both count."""
BASELINE_SECONDS = 900
"""How long the time before a canary is that its steps are compared with."""
_PERIOD = 60
# GetMetricData takes 500 queries, three for each set of dimensions.
_MOST_SETS = 160
_DEVIATIONS = 2
_FEWEST_MINUTES = 3

_Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Seen:
    """Calls of a gateway in a time, and how many of them failed."""

    calls: int
    errors: int

    @property
    def rate(self) -> float:
        """The share that failed; 0 without calls."""
        return self.errors / self.calls if self.calls else 0.0


def minutes(cloudwatch: Any, gateway_arn: str, start: int, end: int) -> list[Seen]:
    """Read the metrics of a gateway, minute by minute; minutes without calls are left out.

    Args:
        cloudwatch: A boto3 client.
        gateway_arn: The gateway.
        start: Seconds since the epoch; the whole minute counts.
        end: Likewise; nothing is read if it is before the start.
    """
    if end < start:
        # GetMetricData refuses such a time.
        return []
    sets = _dimension_sets(cloudwatch, gateway_arn)
    if not sets:
        return []
    queries = {
        f"q{number}_{which}": (dimensions, name)
        for number, dimensions in enumerate(sets)
        for which, name in enumerate((CALLS, *ERRORS))
    }
    sums: dict[str, dict[tuple[str, ...], Counter[datetime]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(key, *asked) for key, asked in queries.items()],
        StartTime=_minute(start),
        EndTime=_minute(end + _PERIOD),
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            dimensions, name = queries[result["Id"]]
            keys = tuple(key for key, _ in dimensions)
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                sums[name][keys][moment] += round(value)
    whole = {
        name: max(sums[name].values(), key=Counter.total, default=Counter())
        for name in (CALLS, *ERRORS)
    }
    return [
        Seen(calls, sum(whole[name][moment] for name in ERRORS))
        for moment, calls in sorted(whole[CALLS].items())
        if calls
    ]


def next_minute(seconds: int) -> int:
    """The first whole minute that begins at a moment or after it, in seconds since the epoch."""
    return -(-seconds // _PERIOD) * _PERIOD


def total(each: list[Seen]) -> Seen:
    """All calls of some minutes together."""
    return Seen(sum(one.calls for one in each), sum(one.errors for one in each))


def usual(each: list[Seen]) -> float:
    """The share that fails as a rule: the median of the minutes.

    A test of the gateway, most of whose calls must be refused, is in one minute or two, and says nothing of callers. Of
    fewer than three minutes nothing is known, and nothing may fail.
    """
    return median(one.rate for one in each) if len(each) >= _FEWEST_MINUTES else 0.0


@dataclass(frozen=True)
class Verdict:
    """What follows from the calls of a step.

    Attributes:
        judged: Whether there were enough of them.
        passed: False when too many failed.
        told: Why, on one line.
    """

    judged: bool
    passed: bool
    told: str


def judge(now: Seen, before: float, weight: int, limits: CanaryChecks) -> Verdict:
    """Judge a step by the calls of all targets: what fails beyond the share before the canary is the version's.

    Args:
        now: The calls of the step.
        before: The share that failed before the canary.
        weight: The share of the version, in percent.
        limits: What may fail.
    """
    reached = now.calls * weight / 100
    told = f"{now.errors} of {now.calls} calls failed"
    if reached < limits.min_calls:
        return Verdict(
            judged=False,
            passed=True,
            told=f"{told}; about {reached:.0f} calls reached the version, too few to judge by "
            f"(promotion.checks.minCalls is {limits.min_calls})",
        )
    expected = before * now.calls
    # What failed before fails now and then more often by chance.
    chance = _DEVIATIONS * math.sqrt(expected * (1 - before))
    excess = max(0.0, now.errors - expected)
    share = 100 * min(1.0, excess / reached)
    told = (
        f"{told}, {100 * before:.1f} % before the canary; that is {share:.1f} % of the about {reached:.0f} calls "
        f"that reached the version (promotion.checks.maxErrorPercent is {limits.max_error_percent:g})"
    )
    return Verdict(True, excess <= limits.max_error_percent / 100 * reached + chance, told)


def _dimension_sets(cloudwatch: Any, gateway_arn: str) -> list[_Dimensions]:
    """The dimensions with which metrics of a gateway are published; a new metric may not be listed for 15 minutes."""
    resource = [{"Name": "Resource", "Value": gateway_arn}]
    found: dict[_Dimensions, None] = {}
    for name in (CALLS, *ERRORS):
        pages = cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=NAMESPACE, MetricName=name, Dimensions=resource
        )
        for page in pages:
            for metric in page["Metrics"]:
                pairs = sorted((one["Name"], one["Value"]) for one in metric["Dimensions"])
                found[tuple(pairs)] = None
    return list(found)[:_MOST_SETS]


def _query(key: str, dimensions: _Dimensions, name: str) -> dict[str, Any]:
    named = [{"Name": key_, "Value": value} for key_, value in dimensions]
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": named}
    return {
        "Id": key,
        "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": "Sum"},
        "ReturnData": True,
    }


def _minute(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds // _PERIOD * _PERIOD, UTC)
