"""How late the polling loop finds out that something is ready, and how often it looks, against a ten-second loop.

Run as `python -m benchmarks.polling [--real]` in the project's root. Prints one line for each case: mean lag and looks
over a readiness of 1 to 900 s, as shares of a loop that looks when AWS begins and then every ten seconds. Ours needs no
look when AWS begins, because the answer to the call that begins is one. The cases are simulated exactly, with the
function that the stages use. `--real` also runs three lifecycles on the local AWS, whose runtimes take 7, 20 and 33 s,
and compares each lag with the simulated one.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.executions import history_of, left, succeed
from lifecycle.polling.schedule import Bounds, Learned, Look, Span, learn, looks
from local.agentcore.settings import Delays
from local.embedded import EmbeddedAws

READINESS = range(1, 901)
REAL_SECONDS = (7, 20, 33)
_TEN = 10


@dataclass(frozen=True)
class Loop:
    """One loop until something is ready.

    Attributes:
        lag: Seconds from ready to found.
        looks: How often the state is asked for.
    """

    lag: int
    looks: int


@dataclass(frozen=True)
class Compared:
    """Our loops against ten-second loops for the same readiness.

    Attributes:
        lag: Our mean lag as a share of theirs.
        looks: Our looks as a share of theirs.
        worse: Each readiness that ours finds later.
    """

    lag: float
    looks: float
    worse: tuple[int, ...]


def ten_second_loop(ready: int) -> Loop:
    """The loop of a plain script: look, sleep ten seconds, look again."""
    rounds = -(-ready // _TEN)
    return Loop(rounds * _TEN - ready, rounds + 1)


def our_loop(ready: int, runs: list[Span]) -> Loop:
    """Our loop with its default bounds.

    Args:
        ready: When it is ready, in seconds since AWS began.
        runs: How long earlier runs took.
    """
    moments = list(looks(ready, runs, Bounds()))
    return Loop(moments[-1] - ready, len(moments))


@functools.cache
def compare(runs: Callable[[int], list[Span]]) -> Compared:
    """Compare the loops at every readiness.

    Args:
        runs: What was learned, for each readiness.
    """
    pairs = [(ready, our_loop(ready, runs(ready)), ten_second_loop(ready)) for ready in READINESS]
    return Compared(
        lag=sum(ours.lag for _, ours, _ in pairs) / sum(ten.lag for _, _, ten in pairs),
        looks=sum(ours.looks for _, ours, _ in pairs) / sum(ten.looks for _, _, ten in pairs),
        worse=tuple(ready for ready, ours, ten in pairs if ours.lag > ten.lag),
    )


def off_by(share: float) -> Callable[[int], list[Span]]:
    """What was learned, if that run took longer than this one by a share of it."""

    def runs(ready: int) -> list[Span]:
        took = max(round(ready * (1 + share)), 1)
        return [[took - 1, took]]

    return runs


def after(earlier: int) -> Callable[[int], list[Span]]:
    """What a number of earlier runs teaches, if each takes as long as this one."""

    def runs(ready: int) -> list[Span]:
        learned: Learned = {}
        for _ in range(earlier):
            moments = [0, *looks(ready, learned.get("create", []), Bounds())]
            last = Look(kind="create", since=0, at=moments[-2], wait_seconds=0)
            learned = learn(learned, last, moments[-1])
        return learned.get("create", [])

    return runs


CASES = {
    "first run": after(0),
    "after 1 equal run": after(1),
    "after 2 equal runs": after(2),
    "after 7 equal runs": after(7),
    "learned exactly": off_by(0),
    "learned 10 % too long": off_by(0.1),
    "learned 10 % too short": off_by(-0.1),
    "learned 20 % too long": off_by(0.2),
    "learned 20 % too short": off_by(-0.2),
}


def lines() -> Iterable[str]:
    """One line for each case."""
    for name, runs in CASES.items():
        found = compare(runs)
        yield (
            f"polling, {name}: lag {found.lag:.2f}, looks {found.looks:.2f} of the ten-second loop, later at "
            f"{len(found.worse)} of {len(READINESS)} moments (simulated exactly)"
        )


def measure() -> Iterable[str]:
    """Run a lifecycle for each of `REAL_SECONDS` on one local AWS.

    Yields:
        One line for each: the lag that was measured, the lag of the simulation, and the lag of a ten-second loop.

    Raises:
        RuntimeError: An execution failed.
    """
    for seconds in REAL_SECONDS:
        # Each on a local AWS of its own, where nothing was learned.
        with tempfile.TemporaryDirectory() as folder:
            delays = Delays(create=seconds)
            with EmbeddedAws.start(state_dir=Path(folder), delays=delays) as aws:
                lag = _real_lag(aws, seconds)
        yield (
            f"polling, ready after {seconds} s: lag {lag:.1f} s on the local AWS, {our_loop(seconds, []).lag} s "
            f"simulated, {ten_second_loop(seconds).lag} s in a ten-second loop"
        )


def _real_lag(aws: EmbeddedAws, ready: int) -> float:
    events = history_of(aws, succeed(aws, {"environment": "dev"}))
    begun = left(events, "Deploy the runtime")[0]
    known = left(events, "Check the runtime")[-1]
    return float((known - begun).total_seconds()) - ready


def main() -> None:
    """Simulate and print; measure if asked to."""
    parser = argparse.ArgumentParser(
        description="Compares the polling loop with a ten-second loop."
    )
    parser.add_argument("--real", action="store_true", help="also on the local AWS")
    real = parser.parse_args().real
    for line in lines():
        sys.stdout.write(line + "\n")
    for line in measure() if real else ():
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
