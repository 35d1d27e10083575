"""Select environments: which ones a fleet takes, and with which input."""

import re
import time
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.select import FleetEvent, select_environments
from lifecycle.record import RuntimeRecord
from lifecycle.request.model import parse_request
from tests.functions.lifecycle.fleet.environments import environment, items, named, select


def test_rebuild_repeats_the_last_request_of_each(world: Any) -> None:
    environment(world, "b", request={"tags": {"team": "b"}, "teardown": "onFailure"})
    environment(world, "a")
    environment(world, "gone", state="REMOVING")
    selection = select(world, action="rebuild")
    assert named(world, selection) == ["a", "b"]
    again = items(world, selection)[1].input
    assert parse_request(again).tags == {"team": "b"}
    assert again["teardown"] == "never"
    assert selection.max_concurrency == 5


def test_starting_the_same_fleet_twice_names_the_same_executions(world: Any) -> None:
    environment(world, "a" * 24)
    first = items(world, select(world, action="rebuild"))[0].execution_name
    assert items(world, select(world, action="rebuild"))[0].execution_name == first
    assert items(world, select(world, "fleet:two", action="rebuild"))[0].execution_name != first
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", first)


def test_a_rebuild_does_not_prolong_a_life(world: Any) -> None:
    environment(world, "a", request={"ttlHours": 10}, expires_at=int(time.time()) + 7200)
    environment(world, "late", request={"ttlHours": 10}, expires_at=int(time.time()) - 1)
    selection = select(world, action="rebuild")
    assert named(world, selection) == ["a"]
    assert items(world, selection)[0].input["ttlHours"] == pytest.approx(2, abs=0.1)
    parse_request(items(world, selection)[0].input)


def test_by_name_and_by_pattern(world: Any) -> None:
    for name in ("dev", "dev-2", "test"):
        environment(world, name)
    assert named(world, select(world, action="verify", environments=["test", "dev"])) == [
        "dev",
        "test",
    ]
    assert named(world, select(world, action="verify", pattern="dev*")) == ["dev", "dev-2"]
    assert named(world, select(world, action="verify", pattern="dev")) == ["dev"]


def test_by_changed_source(world: Any) -> None:
    source = {"bucket": "artifacts", "key": "sources/a.zip"}
    environment(world, "uses", request={"artifact": {"source": source}})
    environment(world, "pinned", request={"artifact": {"source": source | {"versionId": "v1"}}})
    environment(world, "other", request={"artifact": {"source": source | {"key": "b.zip"}}})
    environment(world, "bundled")
    assert named(world, select(world, action="rebuild", source=source)) == ["uses"]


def test_sweep_takes_what_has_expired(world: Any) -> None:
    environment(world, "old", expires_at=int(time.time()) - 1)
    environment(world, "young", expires_at=int(time.time()) + 60)
    environment(world, "forever")
    (item,) = items(world, select(world, action="sweep"))
    assert item.input == {"action": "teardown", "environment": "old"}


def test_verify_takes_what_is_live(world: Any) -> None:
    environment(world, "live")
    environment(world, "never", runtime=RuntimeRecord(name="never", id="never-1"))
    (item,) = items(world, select(world, action="verify"))
    assert item.input == {"action": "smokeTest", "environment": "live"}


def test_a_dry_run_names_the_first_and_has_the_whole_list_in_s3(world: Any) -> None:
    names = [f"e{number:03}" for number in range(60)]
    for name in names:
        environment(world, name)
    selection = select(world, action="rebuild", dryRun=True)
    assert (selection.dry_run, selection.selected) == (True, 60)
    assert selection.would_start == names[:50]
    assert named(world, selection) == names


def test_nothing_selected_writes_no_file(world: Any) -> None:
    environment(world, "young", expires_at=int(time.time()) + 60)
    selection = select(world, action="sweep")
    assert (selection.selected, selection.items) == (0, None)
    assert world.objects("fleets/") == []


def test_the_file_is_below_the_executions_own_prefix(world: Any) -> None:
    environment(world, "a")
    execution = "arn:aws:states:us-east-1:123456789012:execution:stack-Fleet:nightly"
    selection = select(world, execution, action="rebuild")
    assert selection.items is not None
    assert (selection.items.bucket, selection.items.key) == (
        "artifacts",
        "fleets/nightly/items.json",
    )
    assert selection.results_prefix == "fleets/nightly/results"


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({}, "action: required, allowed: rebuild, sweep or verify"),
        ({"action": "explode"}, "action: given 'explode'"),
        ({"action": "sweep", "colour": 1}, "colour: unknown field"),
        (
            {"action": "sweep", "maxConcurrency": 1001},
            "maxConcurrency: given 1001, allowed: 1 to 1000",
        ),
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


def test_a_refusal_does_not_grow_with_the_environments(world: Any) -> None:
    for number in range(30):
        environment(world, f"known{number:02}")
    unknown = [f"unknown{number:03}" for number in range(500)]
    with pytest.raises(InvalidRequestError) as refused:
        select(world, action="rebuild", environments=unknown)
    assert "unknown009 and 490 more, allowed: " in str(refused.value)
    assert "known09 and 20 more)" in str(refused.value)


def test_what_the_state_holds_does_not_grow_with_the_requests(world: Any) -> None:
    bulky = {
        "auth": {
            "type": "jwt",
            "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
            "allowedClients": ["c" * 100] * 600,
            "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-b",
        }
    }
    sizes = []
    for name in ("a", "b", "c", "d", "e"):
        environment(world, name, request={"environment": name, **bulky})
        selection = select(world, action="rebuild")
        sizes.append(len(selection.model_dump_json(by_alias=True)))
    assert sum(len(item.model_dump_json()) for item in items(world, selection)) > 262_144
    assert max(sizes) == min(sizes) < 1000


def test_an_event_of_eventbridge_is_taken_as_it_comes(world: Any) -> None:
    environment(world, "a")
    event = {"detail-type": "Fleet Requested", "detail": {"action": "rebuild"}}
    selected = select_environments(
        FleetEvent(execution="fleet:one", input=event), clients=world.clients
    )
    assert named(world, selected) == ["a"]
