"""Wait states of one second that end sooner, and only these."""

from __future__ import annotations

from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)

from local.moto.stepfunctions.waits import short_waits

WHOLE = WaitFunction._wait_interval


class Waited(WaitFunction):
    """A wait without a definition."""

    def _get_wait_seconds(self, env: Any) -> int:
        raise NotImplementedError


class Woken:
    """An execution that notes how long it was waited for; `running` says how often it still runs."""

    def __init__(self, running: int) -> None:
        self.waits: list[float] = []
        self.left = running
        self.program_state_event = self

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def is_running(self) -> bool:
        self.left -= 1
        return self.left >= 0


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The waits that moto itself does."""
    seen: list[int] = []
    monkeypatch.setattr(
        WaitFunction, "_wait_interval", lambda _self, _env, wait_seconds: seen.append(wait_seconds)
    )
    return seen


def test_a_second_is_shorter_and_ends_when_the_execution_is_stopped(others: list[int]) -> None:
    env: Any = Woken(3)
    with short_waits(0.25):
        Waited()._wait_interval(env, 1)
    # Woken three times without a reason, then stopped.
    assert len(env.waits) == 3
    assert 0 < max(env.waits) <= 0.25
    assert others == []


@pytest.mark.parametrize("seconds", [0, 2, 10])
def test_any_other_wait_is_motos_own(others: list[int], seconds: int) -> None:
    env: Any = Woken(1)
    with short_waits(0.25):
        Waited()._wait_interval(env, seconds)
    assert (others, env.waits) == ([seconds], [])


def test_afterwards_everything_is_as_before() -> None:
    with pytest.raises(KeyError), short_waits(0.25):
        raise KeyError
    assert WaitFunction._wait_interval is WHOLE
