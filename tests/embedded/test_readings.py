"""The product comes through each reading of what is not known about AWS: provision, rebuild unchanged, tear down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.edge.faults import Fault
from local.embedded import EmbeddedAws
from local.readings import READINGS

pytestmark = pytest.mark.embedded

OTHERS = [(reading.name, value) for reading in READINGS for value in reading.values[1:]]
TOGETHER = {"slow-start": {"cold-start": "too-long"}}
"""What else has to be played, so that a reading can be seen."""


@pytest.fixture(params=OTHERS, ids=[f"{name}={value}" for name, value in OTHERS])
def reading(request: pytest.FixtureRequest, aws: EmbeddedAws, tiny: Any) -> Iterator[str]:
    """Plays one reading; its name. The agent `tiny` is built before, by the defaults."""
    name, value = request.param
    aws.readings.change({name: value, **TOGETHER.get(name, {})})
    yield name
    aws.readings.reset()


def test_an_environment_lives_its_whole_life(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], reading: str
) -> None:
    name = environment()
    given = {"environment": name, "artifact": tiny, "smokeTest": {"expect": "echo of"}}
    made = lifecycle.run(given)
    assert made.status == "SUCCEEDED", (reading, made.error, made.cause)
    assert made.output["change"] == "created"
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (reading, again.error, again.cause)
    assert (again.output["change"], again.output["repaired"]) == ("unchanged", [])
    changed = lifecycle.run({**given, "runtime": {"environmentVariables": {"ECHO_MARK": "two"}}})
    assert changed.status == "SUCCEEDED", (reading, changed.error, changed.cause)
    assert changed.output["change"] == "updated"
    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (reading, gone.error, gone.cause)
    assert lifecycle.leftovers(name) == {}


@pytest.mark.parametrize("value", ["ready", "failed"])
def test_an_environment_recovers_from_a_failed_update(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    aws: EmbeddedAws,
    value: str,
) -> None:
    name = environment()
    aws.readings.change({"failed-update": value})
    try:
        given = {"environment": name, "artifact": tiny, "smokeTest": {"expect": "echo of"}}
        made = lifecycle.run(given)
        assert made.status == "SUCCEEDED", (made.error, made.cause)
        aws.faults.add(
            Fault(
                service="bedrock-agentcore-control",
                operation="UpdateAgentRuntime",
                kind="failureState",
                reason="No such luck.",
            )
        )
        changed = {**given, "runtime": {"environmentVariables": {"ECHO_MARK": "two"}}}
        failed = lifecycle.run(changed)
        assert failed.error == "RuntimeFailedError", (failed.error, failed.cause)
        healed = lifecycle.run(changed)
        assert healed.status == "SUCCEEDED", (healed.error, healed.cause)
    finally:
        aws.readings.reset()
