"""Every benchmark has its place on the page of performance, and what it prints goes there and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, PAGE, chosen, written
from benchmarks.newcomer import Steps, report
from benchmarks.peers import KINDS, Build, lines, stack_wait_seconds, stack_way

FOLDER = Path(__file__).parents[2] / "benchmarks"
PLACES = re.findall(r"<!-- bench: ([\w-]+) -->", PAGE.read_text(encoding="utf-8"))


def test_each_benchmark_has_one_place() -> None:
    assert sorted(PLACES) == sorted(benchmark.name for benchmark in BENCHMARKS)


def test_each_benchmark_runs_a_module_that_there_is() -> None:
    for benchmark in BENCHMARKS:
        assert (FOLDER / f"{benchmark.command[0].partition('.')[2]}.py").is_file()


def test_only_the_place_of_the_name_is_written() -> None:
    page = "a\n<!-- bench: one -->\nold\n<!-- /bench -->\nb\n<!-- bench: two -->\nold\n<!-- /bench -->\n"
    assert written(page, "two", r"new \1") == page.replace("two -->\nold", "two -->\nnew \\1")
    with pytest.raises(ValueError, match="no place for three"):
        written(page, "three", "new")


def test_a_stack_finds_its_runtime_at_the_next_look_of_the_waiter() -> None:
    every = stack_wait_seconds()
    script = [Build(seconds=40, calls=20, waited=every - 1, looks=4) for _ in KINDS]
    first, unchanged, changed = stack_way(script)
    assert (first.seconds, first.waited, first.looks, first.calls) == (41, every, 2, 18)
    assert changed == first
    assert (unchanged.seconds, unchanged.waited, unchanged.looks) == (40 - (every - 1), 0, 0)


def test_the_ratio_is_of_the_other_ways_time_and_the_bound_is_the_scripts() -> None:
    found = {
        "lifecycle": [Build(seconds=9, calls=70) for _ in KINDS],
        "script": [Build(seconds=10, calls=20) for _ in KINDS],
        "sdk": [Build(seconds=18, calls=20) for _ in KINDS],
    }
    said = list(lines(3, found))
    assert "lifecycle takes 0.90 of it; bound 0.85: missed" in said[1]
    assert said[2].endswith("lifecycle takes 0.50 of it")


def test_a_benchmark_that_takes_a_setup_of_its_own_runs_only_by_name() -> None:
    every = [benchmark.name for benchmark in BENCHMARKS]
    usual = [benchmark.name for benchmark in chosen([])]
    assert sorted(set(every) - set(usual)) == ["newcomer"]
    assert [benchmark.name for benchmark in chosen(["newcomer", "peers"])] == ["peers", "newcomer"]


def test_the_newcomers_steps_add_up() -> None:
    shown = report(Steps({"git clone": 1.0, "make run": 60.25})).splitlines()
    assert [line.split()[-2:] for line in shown[1:]] == [["1.0", "1.0"], ["60.2", "61.2"]]
