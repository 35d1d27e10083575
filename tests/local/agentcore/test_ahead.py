"""An agent that starts when its version is ready is the one that answers the first call, and is like any other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.agentcore import ahead
from tests.local.agentcore.conftest import AGENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.agentcore.conftest import World

ONE = "session-one-0123456789-0123456789-0123"
TWO = "session-two-0123456789-0123456789-0123"


@pytest.fixture
def starts(world: World) -> Path:
    """A file with a line for each start of an agent of the image `counted`."""
    return world.tmp_path / "starts"


@pytest.fixture
def counted(world: World, starts: Path) -> str:
    note = "import os\nopen(os.environ['STARTS'], 'a').write(f'{os.getpid()}\\n')\n"
    return world.add_image("counted", note + AGENT, STARTS=str(starts))


def pids(starts: Path) -> list[int]:
    return [int(line) for line in starts.read_text().split()] if starts.exists() else []


def wait(starts: Path, number: int) -> list[int]:
    deadline = time.monotonic() + 20
    while len(pids(starts)) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return pids(starts)


def of_image(uri: str) -> dict[str, Any]:
    return {"agentRuntimeArtifact": {"containerConfiguration": {"containerUri": uri}}}


def wait_gone(world: World, pid: int) -> None:
    deadline = time.monotonic() + 20
    while world.alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_no_agent_starts_before_its_first_call_unless_that_is_switched_on(
    world: World, starts: Path, counted: str
) -> None:
    arn = str(world.ready(**of_image(counted))["agentRuntimeArn"])
    world.core.ahead._worker.submit(lambda: None).result()
    assert pids(starts) == []
    assert world.invoke(arn)["pid"] == pids(starts)[0]


def test_the_agent_that_waits_answers_the_first_call_with_all_that_it_wrote(
    world: World, starts: Path, counted: str
) -> None:
    world.core.ahead.switch_on()
    arn = str(world.ready(**of_image(counted))["agentRuntimeArn"])
    (waiting,) = wait(starts, 1)
    assert world.invoke(arn, runtimeSessionId=ONE)["pid"] == waiting
    assert world.invoke(arn, runtimeSessionId=TWO)["pid"] != waiting
    assert len(pids(starts)) == 2
    world.core._logs.flush()
    group = f"/aws/bedrock-agentcore/runtimes/{arn.rsplit('/', 1)[-1]}-DEFAULT"
    logs = world.aws("logs")
    (stream,) = [
        found["logStreamName"]
        for found in logs.describe_log_streams(logGroupName=group)["logStreams"]
        if ONE in found["logStreamName"]
    ]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert [event["message"].strip() for event in events] == ["agent starts", "asked"]


def test_a_new_version_replaces_the_agent_that_waits(
    world: World, starts: Path, counted: str
) -> None:
    world.core.ahead.switch_on()
    made = world.ready(**of_image(counted))
    (first,) = wait(starts, 1)
    world.update(made["agentRuntimeId"], counted, description="another")
    world.clock.pass_(world.core.delays.update)
    world.control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"])
    _, second = wait(starts, 2)
    wait_gone(world, first)
    assert world.invoke(made["agentRuntimeArn"])["pid"] == second


def test_an_agent_that_waited_too_long_or_has_lost_its_runtime_ends(
    world: World, starts: Path, counted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.core.ahead.switch_on()
    made = world.ready(**of_image(counted))
    (first,) = wait(starts, 1)
    monkeypatch.setattr(ahead, "LONGEST_SECONDS", 0.0)
    wait_gone(world, first)
    assert world.invoke(made["agentRuntimeArn"])["pid"] != first
    monkeypatch.setattr(ahead, "LONGEST_SECONDS", 60.0)
    other = world.ready("other", **of_image(counted))
    third = wait(starts, 3)[-1]
    world.control.delete_agent_runtime(agentRuntimeId=other["agentRuntimeId"])
    world.clock.pass_(world.core.delays.delete)
    wait_gone(world, third)


def test_an_agent_that_cannot_start_fails_as_it_does_at_a_call(world: World) -> None:
    world.core.ahead.switch_on()
    broken = world.add_image("broken", "print('it breaks', flush=True)\nraise SystemExit(3)\n")
    arn = str(world.ready(**of_image(broken))["agentRuntimeArn"])
    with pytest.raises(ClientError, match="error occurred when starting the runtime"):
        world.invoke(arn, runtimeSessionId=ONE)
