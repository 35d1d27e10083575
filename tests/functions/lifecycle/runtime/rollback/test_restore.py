"""Restore: `candidate` serves the version to go back to, or the version is said to be gone."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import RuntimeFailedError, WaitTimeoutError
from lifecycle.runtime.rollback.restore import restore_version


def to_go_back(world: Any, version: str | None = None) -> None:
    """Versions 1, 2 and 3 were promoted."""
    for number in ("1", "2", "3"):
        world.provision(number, {"runtime": {"description": number}})
    world.begin_rollback("back", version)


def serves(world: Any) -> dict[str, str]:
    return {name: endpoint.live for name, endpoint in world.only_runtime().endpoints.items()}


def test_the_candidate_is_made_on_the_version(world: Any) -> None:
    to_go_back(world)
    first = world.restore()
    assert (first.done, first.gone, first.runtime) == (False, False, None)
    last = world.loop(restore_version)
    assert (last.gone, last.runtime.endpoint, last.runtime.version) == (False, "candidate", "2")
    assert serves(world) == {"DEFAULT": "3", "live": "3", "candidate": "2"}
    tags = world.only_runtime().endpoints["candidate"].tags
    assert tags["agentcore-lifecycle:environment"] == "dev"
    assert world.record().runtime.candidate.version == "2"


def test_the_candidate_of_an_earlier_rollback_is_moved(world: Any) -> None:
    to_go_back(world, "1")
    world.loop(restore_version)
    world.begin_rollback("again", "2")
    world.loop(restore_version)
    assert serves(world)["candidate"] == "2"
    assert world.record().runtime.candidate.execution == "execution:again"


def test_a_candidate_that_serves_the_version_already_is_taken_over(world: Any) -> None:
    to_go_back(world)
    world.loop(restore_version)
    world.begin_rollback("again")
    assert world.restore().done
    assert world.record().runtime.candidate.execution == "execution:again"


def test_a_version_that_agentcore_no_longer_has_is_gone(world: Any) -> None:
    to_go_back(world)
    world.delete_version("2")
    found = world.restore()
    assert (found.done, found.gone, found.runtime) == (True, True, None)
    assert "candidate" not in serves(world)
    assert world.record().runtime.candidate is None


def test_a_version_that_is_being_deleted_is_gone(world: Any) -> None:
    to_go_back(world)
    world.control.delete_agent_runtime(
        agentRuntimeId=world.only_runtime().id, agentRuntimeVersion="2"
    )
    assert world.restore().gone


def test_a_version_that_goes_while_its_candidate_is_made_is_gone(world: Any) -> None:
    to_go_back(world)
    world.clients.refuse_next("CreateAgentRuntimeEndpoint", "ResourceNotFoundException", 404)
    assert not world.restore().done
    world.delete_version("2")
    assert world.loop(restore_version).gone
    # The smoke test must not look for a candidate that this execution has only tried to make.
    assert world.record().runtime.candidate is None


def test_when_the_version_is_gone_the_candidate_of_an_earlier_rollback_goes_first(
    world: Any,
) -> None:
    to_go_back(world, "1")
    world.loop(restore_version)
    world.begin_rollback("again", "2")
    world.delete_version("2")
    assert not world.restore().done
    assert world.loop(restore_version).gone
    assert "candidate" not in serves(world)
    assert world.record().runtime.candidate is None


def test_the_whole_runtime_may_be_gone(world: Any) -> None:
    to_go_back(world)
    world.store.runtimes.clear()
    assert world.restore().gone


@pytest.mark.parametrize("operation", ["CreateAgentRuntimeEndpoint", "UpdateAgentRuntimeEndpoint"])
def test_a_conflict_is_waited_for(world: Any, operation: str) -> None:
    to_go_back(world, "1")
    if operation.startswith("Update"):
        world.loop(restore_version)
        world.begin_rollback("again", "2")
    world.conflict(operation)
    assert not world.restore().done
    assert world.loop(restore_version).runtime.version == world.request.version


def test_a_failed_candidate_is_told_and_a_redrive_makes_it(world: Any) -> None:
    to_go_back(world)
    world.fail("CreateAgentRuntimeEndpoint")
    world.restore()
    world.pass_(10)
    with pytest.raises(
        RuntimeFailedError, match=r"candidate of .* CREATE_FAILED for version 2: no"
    ):
        world.restore()
    assert world.loop(restore_version).runtime.version == "2"
    assert serves(world) == {"DEFAULT": "3", "live": "3", "candidate": "2"}


def test_a_candidate_that_could_not_be_moved_is_told(world: Any) -> None:
    to_go_back(world, "1")
    world.loop(restore_version)
    world.begin_rollback("again", "2")
    world.fail("UpdateAgentRuntimeEndpoint")
    world.restore()
    world.pass_(10)
    with pytest.raises(RuntimeFailedError, match="UPDATE_FAILED for version 2"):
        world.restore()
    assert world.loop(restore_version).runtime.version == "2"


def test_it_gives_up_at_the_deadline(world: Any) -> None:
    to_go_back(world)
    with pytest.raises(WaitTimeoutError, match="not on version 2"):
        world.restore(deadline=1)
    world.pass_(10)
    assert world.restore(deadline=1).done
