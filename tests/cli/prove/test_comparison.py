"""Two recordings are compared field by field; times and what a model says do not count."""

from __future__ import annotations

from typing import Any

import pytest

from cli.prove import cost
from cli.prove.comparison import differences
from cli.prove.recording import Recording


def recording(*steps: dict[str, Any]) -> Recording:
    return Recording("claim", "local", "A promise.", steps=list(steps))


def test_a_field_that_differs_is_named_by_its_path() -> None:
    one = recording({"what": "get", "status": 200, "response": {"a": [1, {"b": "x"}], "c": {}}})
    two = recording({"what": "get", "status": 403, "response": {"a": [1, {"b": "y"}], "d": None}})
    assert [str(found) for found in differences(one, two)] == [
        "get: status: 200 | 403",
        'get: response.a[1].b: "x" | "y"',
        "get: response.c: {} | (absent)",
        "get: response.d: (absent) | null",
    ]
    assert differences(one, one) == []


def test_times_do_not_count() -> None:
    one = recording({"what": "run", "seconds": 1, "output": {"timings": {"a": 1}, "answer": "x"}})
    two = recording({"what": "run", "seconds": 9, "output": {"timings": {"b": 2}, "answer": "y"}})
    assert differences(one, two) == []


def test_a_step_that_one_lacks_is_one_difference() -> None:
    one, two = recording({"what": "a"}, {"what": "b", "x": 1}), recording({"what": "a"})
    assert [str(found) for found in differences(one, two)] == ["b: step: recorded | (absent)"]


def test_the_cost_is_the_sum_of_its_lines() -> None:
    meter = cost.Meter()
    meter.add("transitions", 1000)
    meter.session(3600)
    assert cost.total(meter.used) == pytest.approx(0.025 + 0.0895 + 2 * 0.00945)
    lines = cost.lines(meter.used)
    assert {len(line) for line in lines} == {80}
    assert lines[-1].split() == ["together", "0.1334", "USD"]
    assert set(cost.EXPECTED) == set(cost.PRICES) == set(meter.used)
    assert cost.total(cost.EXPECTED) < 1
