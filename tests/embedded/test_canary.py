"""A canary through the state machine: callers are split, a bad version goes back by itself, nothing is left."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.embedded.test_gateway import gateways_of
from tests.embedded.test_promotion import SESSION, access_token, marked, versions
from tests.embedded.test_triggers import rule_of

pytestmark = pytest.mark.embedded
ON: dict[str, Any] = {"gateway": {"type": "runtime"}}
STEPS = [20, 50]
JUDGED = 75
"""Seconds that a step bakes to have a good part of a whole minute, which is what its metrics are."""


def canary(bake: int, **checks: Any) -> dict[str, Any]:
    given = {"strategy": "canary", "steps": STEPS, "bakeSeconds": bake}
    return {**ON, "promotion": given | ({"checks": checks} if checks else {})}


@dataclass
class Callers:
    """Call a gateway's address all the time, each in one session, and note who answered when."""

    url: str
    token: str
    answered: list[tuple[float, str]] = field(default_factory=list)
    failed: list[tuple[float, str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Callers:
        self._threads = [threading.Thread(target=self._run) for _ in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _run(self) -> None:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            SESSION: f"callers-{uuid.uuid4()}",
        }
        with httpx.Client(timeout=60, trust_env=False) as http:
            while not self.stopping.is_set():
                try:
                    answer = http.post(self.url, headers=headers, json={"prompt": "which version?"})
                    now = time.time()
                    if answer.status_code == 200:
                        self.answered.append((now, answer.json()["variables"]["ECHO_MARK"]))
                    else:
                        self.failed.append((now, f"{answer.status_code} {answer.text[:200]}"))
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    self.failed.append((time.time(), repr(error)))
                time.sleep(0.02)

    def between(self, start: float, end: float) -> Counter[str]:
        """How often each version answered in a time."""
        return Counter(mark for at, mark in list(self.answered) if start <= at <= end)


def entered(history: list[dict[str, Any]], state: str) -> list[float]:
    """When an execution entered a state."""
    return [
        event["timestamp"].timestamp()
        for event in history
        if event.get("stateEnteredEventDetails", {}).get("name") == state
    ]


Left = tuple[list[Any], list[str], list[str]]


def left(lifecycle: Any, gateway_id: str, runtime_id: str) -> Left:
    """The rules and targets of a gateway, and the endpoints of its runtime."""
    control = lifecycle.aws.client("bedrock-agentcore-control")
    rules = control.list_gateway_rules(gatewayIdentifier=gateway_id)["gatewayRules"]
    targets = control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    names = sorted(target["name"] for target in targets)
    return rules, names, sorted(versions(lifecycle, runtime_id))


def running(lifecycle: Any) -> list[str]:
    """The executions of the lifecycle that run, by name."""
    found = lifecycle.stepfunctions.list_executions(
        stateMachineArn=lifecycle.aws.outputs["StateMachineArn"], statusFilter="RUNNING"
    )
    return [one["name"] for one in found["executions"]]


NOTHING: Left = ([], ["live"], ["DEFAULT", "live"])


def test_callers_are_split_and_none_fails(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = environment()
    first = lifecycle.run(marked(name, tiny, "one", **canary(8)))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    assert "live serves no version yet" in first.output["canary"]["direct"]
    assert "Shift the traffic" not in first.states
    gateway, runtime = first.output["gateway"], first.output["runtime"]
    token = access_token(lifecycle, first.output["auth"])
    with Callers(gateway["endpoint"], token) as callers:
        run = lifecycle.run(marked(name, tiny, "two", **canary(8)))
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert callers.failed == []
    told = run.output["canary"]
    assert (told["version"], told["liveVersion"], told["direct"]) == ("2", "1", None)
    starts = entered(run.history, "Wait out the step")
    ends = entered(run.history, "Judge the step")
    for weight, start, end, step in zip(STEPS, starts, ends, told["steps"], strict=True):
        # What was under way when the step began is left out.
        seen = callers.between(start + 0.5, end)
        total, share = seen.total(), 100 * seen["two"] / seen.total()
        bound = 100 * 4 * math.sqrt(weight / 100 * (1 - weight / 100) / total)
        with capsys.disabled():
            print(
                f"\ncanary: weight {weight} %, {seen['two']} of {total} calls met the version "
                f"({share:.1f} %, allowed {weight} ± {bound:.1f}); {step['told']}"
            )
        assert abs(share - weight) <= bound
        assert step["weight"] == weight
    assert run.output["promotion"]["version"] == "2"
    assert left(lifecycle, gateway["id"], runtime["id"]) == NOTHING
    with capsys.disabled():
        print(f"canary: {len(callers.answered)} calls in all, {len(callers.failed)} failed")
    # Nothing new: there is nothing to split.
    again = lifecycle.run(marked(name, tiny, "two", **canary(8)))
    assert again.output["canary"]["direct"] == "live serves the version already"


def test_callers_that_sign_with_iam(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name, signs = environment(), {"auth": {"type": "iam"}}
    first = lifecycle.run(marked(name, tiny, "one", **signs, **ON))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    run = lifecycle.run(marked(name, tiny, "two", **signs, **canary(8)))
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    told = run.output["canary"]
    assert [(step["weight"], step["cases"]) for step in told["steps"]] == [(20, 1), (50, 1)]
    assert (told["version"], run.output["promotion"]["version"]) == ("2", "2")
    assert left(lifecycle, first.output["gateway"]["id"], first.output["runtime"]["id"]) == NOTHING


def test_a_version_that_fails_for_some_callers_goes_back(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = environment()
    first = lifecycle.run(marked(name, tiny, "one", **ON))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    gateway, runtime = first.output["gateway"], first.output["runtime"]
    token = access_token(lifecycle, first.output["auth"])
    bad = marked(name, tiny, "two", **canary(JUDGED))
    bad["runtime"] = {"environmentVariables": {"ECHO_MARK": "two", "ECHO_FAILS": "2"}}
    with Callers(gateway["endpoint"], token) as callers:
        run = lifecycle.run(bad)
        ended = time.time()
        time.sleep(2)
    assert run.error == "CanaryFailedError", (run.error, run.cause)
    assert "step 1 of 2 at 20 %" in run.cause
    assert "all calls go to version 1 again" in run.cause
    (judged,) = entered(run.history, "Judge the step")
    cleared = entered(run.history, "Is the canary gone?")[0]
    met = callers.between(0, ended)["two"] + len(callers.failed)
    with capsys.disabled():
        print(
            f"\ncanary: {met} calls met the bad version, {len(callers.failed)} of them failed, of "
            f"{len(callers.answered) + len(callers.failed)} in all; back {cleared - judged:.1f} s after the verdict "
            f"began; {run.cause}"
        )
    assert callers.failed
    assert callers.between(ended, ended + 60).keys() <= {"one"}
    assert [text for at, text in callers.failed if at > ended] == []
    assert versions(lifecycle, runtime["id"])["live"] == "1"
    assert left(lifecycle, gateway["id"], runtime["id"]) == NOTHING


@pytest.fixture
def no_rule(lifecycle: Any) -> Iterator[None]:
    """Switch off the rule that follows the end of an execution, as if its event were lost."""
    events = lifecycle.aws.client("events")
    rule = rule_of(lifecycle, "aws.states")["Name"]
    events.disable_rule(Name=rule)
    yield
    events.enable_rule(Name=rule)


@pytest.fixture
def stopped(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> Callable[[str], tuple[str, Callable[[], Left]]]:
    """Stop a canary whose first step bakes; give the environment, and what looks for what is left of it."""
    name = environment()
    first = lifecycle.run(marked(name, tiny, "one", **ON))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    gateway, runtime = first.output["gateway"], first.output["runtime"]

    def look() -> Left:
        return left(lifecycle, gateway["id"], runtime["id"])

    def stop(mark: str) -> tuple[str, Callable[[], Left]]:
        arn = lifecycle.start(marked(name, tiny, mark, **canary(600)))
        deadline = time.monotonic() + 120
        while not entered(lifecycle.history(arn), "Wait out the step"):
            assert time.monotonic() < deadline, lifecycle.history(arn)[-3:]
            time.sleep(0.2)
        rules, targets, endpoints = look()
        assert (len(rules), targets) == (1, ["canary", "live"])
        assert endpoints == ["DEFAULT", "candidate", "live"]
        lifecycle.stepfunctions.stop_execution(executionArn=arn)
        return name, look

    return stop


def test_a_canary_that_was_stopped_is_cleared_without_a_person(
    lifecycle: Any, stopped: Callable[[str], tuple[str, Callable[[], Left]]], tiny: dict[str, Any]
) -> None:
    """The end of the execution is an event, whose rule starts what takes callers back."""
    name, look = stopped("two")
    deadline = time.monotonic() + 180
    while look() != NOTHING:
        assert time.monotonic() < deadline, look()
        time.sleep(0.5)
    while running(lifecycle):
        assert time.monotonic() < deadline, running(lifecycle)
        time.sleep(0.5)
    again = lifecycle.run(marked(name, tiny, "one", **ON))
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["repaired"] == []


def test_a_canary_that_nobody_cleared_is_found_and_removed(
    lifecycle: Any,
    no_rule: None,
    stopped: Callable[[str], tuple[str, Callable[[], Left]]],
    tiny: dict[str, Any],
) -> None:
    name, look = stopped("two")
    again = lifecycle.run(marked(name, tiny, "one", **ON))
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert [text.split()[0] for text in again.output["repaired"]][:3] == [
        *("rule", "target", "endpoint"),
    ]
    assert all("left behind by a canary" in text for text in again.output["repaired"][:3])
    assert look() == NOTHING
    stopped("three")
    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert gateways_of(lifecycle, name) == []
    assert lifecycle.leftovers(name) == {}
