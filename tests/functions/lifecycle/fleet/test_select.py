"""Select environments: which ones a fleet takes, and with which input."""

import re
import time
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.select import FleetEvent, select_environments
from lifecycle.record import RuntimeRecord
from lifecycle.request.model import parse_request
from tests.functions.lifecycle.fleet.environments import environment, named, select


def test_rebuild_repeats_the_last_request_of_each(world: Any) -> None:
    environment(world, "b", request={"tags": {"team": "b"}, "teardown": "onFailure"})
    environment(world, "a")
    environment(world, "gone", state="REMOVING")
    selection = select(world, action="rebuild")
    assert named(selection) == ["a", "b"]
    again = selection.items[1].input
    assert parse_request(again).tags == {"team": "b"}
    assert again["teardown"] == "never"
    assert selection.max_concurrency == 5


def test_starting_the_same_fleet_twice_names_the_same_executions(world: Any) -> None:
    environment(world, "a" * 24)
    first = select(world, action="rebuild").items[0].execution_name
    assert select(world, action="rebuild").items[0].execution_name == first
    assert select(world, "fleet:two", action="rebuild").items[0].execution_name != first
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", first)


def test_a_rebuild_does_not_prolong_a_life(world: Any) -> None:
    environment(world, "a", request={"ttlHours": 10}, expires_at=int(time.time()) + 7200)
    environment(world, "late", request={"ttlHours": 10}, expires_at=int(time.time()) - 1)
    selection = select(world, action="rebuild")
    assert named(selection) == ["a"]
    assert selection.items[0].input["ttlHours"] == pytest.approx(2, abs=0.1)
    parse_request(selection.items[0].input)


def test_by_name_and_by_pattern(world: Any) -> None:
    for name in ("dev", "dev-2", "test"):
        environment(world, name)
    assert named(select(world, action="verify", environments=["test", "dev"])) == ["dev", "test"]
    assert named(select(world, action="verify", pattern="dev*")) == ["dev", "dev-2"]
    assert named(select(world, action="verify", pattern="dev")) == ["dev"]


def test_by_changed_source(world: Any) -> None:
    source = {"bucket": "artifacts", "key": "sources/a.zip"}
    environment(world, "uses", request={"artifact": {"source": source}})
    environment(world, "pinned", request={"artifact": {"source": source | {"versionId": "v1"}}})
    environment(world, "other", request={"artifact": {"source": source | {"key": "b.zip"}}})
    environment(world, "bundled")
    assert named(select(world, action="rebuild", source=source)) == ["uses"]


def test_sweep_takes_what_has_expired(world: Any) -> None:
    environment(world, "old", expires_at=int(time.time()) - 1)
    environment(world, "young", expires_at=int(time.time()) + 60)
    environment(world, "forever")
    (item,) = select(world, action="sweep").items
    assert item.input == {"action": "teardown", "environment": "old"}


def test_verify_takes_what_is_live(world: Any) -> None:
    environment(world, "live")
    environment(world, "never", runtime=RuntimeRecord(name="never", id="never-1"))
    (item,) = select(world, action="verify").items
    assert item.input == {"action": "smokeTest", "environment": "live"}


def test_a_dry_run_starts_nothing(world: Any) -> None:
    environment(world, "a")
    selection = select(world, action="rebuild", dryRun=True)
    assert selection.items == []
    assert [item.environment for item in selection.would_start] == ["a"]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({}, "action: required, allowed: rebuild, sweep or verify"),
        ({"action": "explode"}, "action: given 'explode'"),
        ({"action": "sweep", "colour": 1}, "colour: unknown field"),
        ({"action": "sweep", "maxConcurrency": 21}, "maxConcurrency: given 21, allowed: 1 to 20"),
        ({"action": "sweep", "environments": ["Dev"]}, "environments.0: given"),
        ({"action": "sweep", "environments": ["nobody"]}, "environments: given nobody"),
        ({"action": "verify", "removeOrphans": True}, "removeOrphans: given true"),
        ({"action": "sweep", "source": {"bucket": "abc", "key": "k"}}, "source: given"),
    ],
)
def test_a_wrong_input_is_refused_by_name(
    world: Any, request_: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(sentence)):
        select(world, **request_)


def test_more_than_a_state_can_hold_is_refused_by_name(world: Any) -> None:
    bulky = {"runtime": {"environmentVariables": {f"V{n}": "x" * 5000 for n in range(15)}}}
    for name in ("a", "b", "c"):
        environment(world, name, request={"environment": name, **bulky})
    assert named(select(world, action="rebuild", pattern="[ab]")) == ["a", "b"]
    with pytest.raises(InvalidRequestError, match="environments: given 3 with requests of"):
        select(world, action="rebuild")


def test_an_event_of_eventbridge_is_taken_as_it_comes(world: Any) -> None:
    environment(world, "a")
    event = {"detail-type": "Fleet Requested", "detail": {"action": "rebuild"}}
    selected = select_environments(
        FleetEvent(execution="fleet:one", input=event), clients=world.clients
    )
    assert named(selected) == ["a"]
