"""The polling loop against a ten-second loop, simulated exactly at every readiness from 1 to 900 s."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import polling as benchmark
from lifecycle.polling.schedule import (
    RUNS,
    Bounds,
    Look,
    Span,
    expected,
    learn,
    looks,
    wait_seconds,
)

Runs = Callable[[int], list[Span]]


def moments(seconds: int, runs: list[Span] | None = None, **bounds: Any) -> list[int]:
    return list(looks(seconds, runs or [], Bounds(**bounds)))


def test_the_first_time_the_lag_is_half_with_at_most_twice_the_looks() -> None:
    found = benchmark.compare(benchmark.CASES["first run"])
    assert found.lag <= 0.5
    assert found.looks <= 2
    # The ten-second loop's look at the beginning aside, too.
    ours = sum(benchmark.our_loop(ready, []).looks for ready in benchmark.READINESS)
    assert ours <= 2 * sum(
        benchmark.ten_second_loop(ready).looks - 1 for ready in benchmark.READINESS
    )


@pytest.mark.parametrize(
    "case", ["learned exactly", "after 1 equal run", "after 2 equal runs", "after 7 equal runs"]
)
def test_what_was_learned_cuts_the_lag_to_a_fifth_with_no_more_looks(case: str) -> None:
    found = benchmark.compare(benchmark.CASES[case])
    assert found.lag <= 0.2
    assert found.looks <= 1


@pytest.mark.parametrize(
    "runs",
    [
        *(pytest.param(runs, id=name) for name, runs in benchmark.CASES.items()),
        *(
            pytest.param(lambda _, took=took: [[took - 1, took]], id=f"learned {took} s")
            for took in (1, 11, 600, 901)
        ),
        pytest.param(lambda _: [[0, 5], [600, 605]], id="two very different runs"),
        pytest.param(lambda ready: [[ready // 2, 2 * ready]], id="a run that was found late"),
    ],
)
def test_it_is_never_later_than_the_ten_second_loop(runs: Runs) -> None:
    assert benchmark.compare(runs).worse == ()


def test_it_is_never_later_whatever_was_learned() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    for _ in range(100):
        highs = [chance.randint(1, 1200) for _ in range(chance.randint(1, RUNS))]
        runs = [[max(high - chance.choice((1, 2, 5, 10, 40)), 0), high] for high in highs]
        seen = moments(900, runs)
        assert set(range(10, 901, 10)) <= set(seen), runs


def test_it_is_never_much_later_when_calls_take_time() -> None:
    """Whole seconds of a Wait state, and calls of up to 0.4 s: hardly more than a second after the ten-second loop."""
    chance = random.Random(3)  # noqa: S311 - no secret
    for runs in ([], [[56, 57]], [[299, 300], [310, 311]]):
        waited, seen = 0.0, []
        while waited < 900:
            waited += wait_seconds(waited, runs, Bounds()) + chance.uniform(0.05, 0.4)
            seen.append(waited)
        for ready in range(1, 890):
            found = next(moment for moment in seen if moment >= ready)
            assert found <= -(-ready // 10) * 10 + 1.4, (runs, ready)


def test_early_looks_are_quick_and_gaps_are_bounded() -> None:
    seen = [0, *moments(900)]
    assert seen[:9] == [0, 1, 2, 3, 4, 6, 8, 10, 15]
    for before, after in itertools.pairwise(seen):
        assert after - before <= max(1, min(before / 2, 10))


def test_after_900_seconds_the_gaps_grow() -> None:
    seen = [moment for moment in moments(14400) if moment >= 900]
    gaps = [after - before for before, after in itertools.pairwise(seen)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 60
    assert gaps[-1] <= 14400 / 15 + 1


def test_it_sleeps_through_what_it_knows_and_looks_often_when_it_matters() -> None:
    assert moments(57, [[56, 57]]) == [10, 20, 30, 40, 50, 57]
    # One run that was found after a gap of five seconds: a few looks find the moment.
    assert moments(60, [[55, 60]]) == [10, 20, 30, 40, 50, 57, 59, 60]
    # Later than ever: looks become fewer again.
    assert moments(75, [[56, 57]]) == [10, 20, 30, 40, 50, 57, 58, 59, 60, 61, 65, 70, 75]


def test_runs_that_agree_narrow_the_moment_and_others_widen_it() -> None:
    assert expected([]) is None
    assert expected([[55, 60], [50, 57]]) == (55, 57)
    assert expected([[56, 57], [62, 63]]) == (56, 63)
    # Found by the first look after a long sleep: it was ready some time before.
    assert expected([[40, 50]]) == (48, 50)


@pytest.mark.parametrize("timeout", [1, 7, 60, 901, 1800, 14400])
@pytest.mark.parametrize("runs", [[], [[56, 57]], [[5000, 5001]]])
def test_the_last_look_is_at_the_deadline(timeout: int, runs: list[Span]) -> None:
    assert moments(timeout, runs, deadline=timeout)[-1] == timeout
    # A look that ends just before the deadline is not the last one.
    assert wait_seconds(timeout - 0.3, runs, Bounds(deadline=timeout)) == 1


def test_the_caller_bounds_the_gaps() -> None:
    assert moments(6, longest=1) == [1, 2, 3, 4, 5, 6]
    assert moments(50, shortest=10) == [10, 20, 30, 40, 50]
    assert moments(90, [[50, 51]], shortest=30, longest=30) == [30, 60, 90]


def test_a_run_teaches_when_it_was_not_ready_and_when_it_was() -> None:
    look = Look(kind="create", since=1000.0, at=1055.2, wait_seconds=5)
    assert learn({}, look, 1060.3) == {"create": [[55, 61]]}
    assert learn({"build": [[1, 2]]}, look, 1060.3) == {"build": [[1, 2]], "create": [[55, 61]]}
    many = {"create": [[1, number] for number in range(2, 2 + RUNS)]}
    assert learn(many, look, 1060.3) == {"create": [*many["create"][1:], [55, 61]]}
    # A look and its answer in one moment.
    assert learn({}, Look(kind="build", since=0, at=0, wait_seconds=0), 0) == {"build": [[0, 1]]}


def test_a_run_whose_end_aws_tells_teaches_its_end_and_not_when_it_was_seen() -> None:
    look = Look(kind="build", since=1000.0, at=1000.0, wait_seconds=10)
    assert learn({}, look, 1010.2, 1001.9) == {"build": [[1, 2]]}
    assert learn({}, look, 1010.2, 1002.0) == {"build": [[1, 2]]}
    # By a clock that differs from ours, it ended before it began, or after it was seen.
    for moment in (999.9, 1000.0, 1010.3):
        assert learn({}, look, 1010.2, moment) == {"build": [[0, 11]]}


def test_what_says_nothing_about_other_runs_teaches_nothing() -> None:
    assert learn({}, None, 60) == {}
    assert learn({}, Look(kind=None, since=0, at=50, wait_seconds=5), 60) == {}


def test_the_benchmark_prints_every_case() -> None:
    printed = list(benchmark.lines())
    assert len(printed) == len(benchmark.CASES)
    assert printed[0] == (
        "polling, first run: lag 0.48, looks 1.95 of the ten-second loop, later at 0 of 900 moments (simulated exactly)"
    )
