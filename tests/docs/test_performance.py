"""Every benchmark has its place on the page of performance, and what it prints goes there and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, PAGE, written

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
