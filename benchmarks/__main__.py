"""Every benchmark in one run, as `make bench`; the figures go into docs/performance.md.

Run as `python -m benchmarks [NAME ...]` in the project's root; without a name all of them run, except those that only
run by name. Each is a process of its own. What it prints is kept with the machine, the day and the commit, between the
marks of its name in the page.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs/performance.md"


@dataclass(frozen=True)
class Benchmark:
    """One benchmark.

    Attributes:
        name: Its name on the command line and in the page's marks.
        command: The module, and its arguments.
        named_only: Whether it runs only if it is named: it takes minutes, or needs the network.
    """

    name: str
    command: tuple[str, ...]
    named_only: bool = False


BENCHMARKS = (
    Benchmark("polling", ("benchmarks.polling", "--real")),
    Benchmark("peers", ("benchmarks.peers",)),
    Benchmark("api-calls", ("benchmarks.api_calls",)),
    Benchmark("cold-start", ("benchmarks.cold_start",)),
    Benchmark("fleet-sizes", ("benchmarks.fleet", "sizes")),
    Benchmark("environments", ("benchmarks.fleet", "whole")),
    Benchmark("start-up", ("benchmarks.start_up",)),
    Benchmark("rebuild", ("benchmarks.rebuild",)),
    Benchmark("dev-loop", ("benchmarks.dev_loop",)),
    Benchmark("newcomer", ("benchmarks.newcomer",), named_only=True),
)


def chosen(names: Sequence[str]) -> list[Benchmark]:
    """The benchmarks that run.

    Args:
        names: What is named; without a name, all that need none.
    """
    if names:
        return [benchmark for benchmark in BENCHMARKS if benchmark.name in names]
    return [benchmark for benchmark in BENCHMARKS if not benchmark.named_only]


def written(page: str, name: str, text: str) -> str:
    """The page with other text between the marks of a benchmark.

    Args:
        page: The page.
        name: The benchmark.
        text: What goes there.

    Raises:
        ValueError: The page has no such marks.
    """
    marks = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(<!-- /bench -->)", re.DOTALL)
    if not marks.search(page):
        raise ValueError(f"docs/performance.md has no place for {name}")
    return marks.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def ran(benchmark: Benchmark) -> str:
    """Run a benchmark.

    Returns:
        What the page says about it.

    Raises:
        subprocess.CalledProcessError: It failed, or a bound is not kept.
    """
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", *benchmark.command],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - began
    return (
        f"`python -m {' '.join(benchmark.command)}`, {machine()}, {today()}, commit {commit()}, "
        f"{seconds:.0f} s:\n\n```text\n{ended.stdout.rstrip()}\n```"
    )


def machine() -> str:
    """The machine, such as `2 CPUs (Linux, x86_64, Python 3.11.7)`, and what else it did."""
    load = os.getloadavg()[0]
    about = f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} CPUs ({about}; load average before {load:.1f})"


def today() -> str:
    """The day, such as `2026-11-26`."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def commit() -> str:
    """The commit that was measured."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout.strip()


def main() -> int:
    """Run what is named, and write the page after each; the exit status is 1 if one failed."""
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Runs benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    given = parser.parse_args().names
    if unknown := sorted(set(given) - set(names)):
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(names)}")
    failed = []
    for benchmark in chosen(given):
        sys.stderr.write(f"{benchmark.name} …\n")
        try:
            text = ran(benchmark)
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"{benchmark.name} failed ({error.returncode}): {error.stdout}\n")
            failed.append(benchmark.name)
            continue
        sys.stdout.write(f"{text}\n\n")
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(written(page, benchmark.name, text), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
