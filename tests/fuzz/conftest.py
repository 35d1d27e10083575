"""Prints the table of `make fuzz`, and fails a run that tried too little."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fuzz.profile import FULL
from tests.fuzz.tally import TALLY

_NUMBERS = "fuzz"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the counts of a worker of pytest-xdist."""
    TALLY.add(getattr(node, "workeroutput", {}).get(_NUMBERS, {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts to the process that prints them; there, fail a run that is not complete."""
    sent = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent[_NUMBERS] = TALLY.numbers()
    elif FULL and TALLY.problems():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    if not FULL:
        return
    terminalreporter.section("fuzz")
    for line in [*TALLY.table(), *TALLY.problems()]:
        terminalreporter.write_line(line)
