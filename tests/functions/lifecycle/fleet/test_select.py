"""Select environments: which ones a fleet takes, and with which input."""

import re
import time
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.fleet.select import FleetEvent, select_environments
from lifecycle.items import Items
from lifecycle.request.model import parse_request
from lifecycle.sections.runtime import RuntimeRecord
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


def test_a_rebuild_gives_no_end_to_a_life_that_has_none(world: Any) -> None:
    environment(world, "a", request={"ttlHours": 2})
    assert items(world, select(world, action="rebuild"))[0].input["ttlHours"] is None


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


def test_a_sweep_without_orphans_reads_only_what_has_expired(world: Any) -> None:
    moment = int(time.time())
    for number in range(7):
        environment(world, f"young{number}", expires_at=moment + 60)
        environment(world, f"forever{number}")
    for name, state in (("a", "PROVISIONING"), ("b", "READY"), ("c", "FAILED"), ("d", "REMOVING")):
        environment(world, name, state=state, expires_at=moment - 1)
    read: list[tuple[str, int]] = []

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        found = parsed.get("Items") or parsed.get("Responses", {}).get("environments", [])
        read.append((model.name, len(found)))

    world.clients.dynamodb.meta.events.register("after-call.dynamodb", note)
    try:
        selection = select(world, action="sweep", findOrphans=False)
    finally:
        world.clients.dynamodb.meta.events.unregister("after-call.dynamodb", note)
    assert named(world, selection) == ["a", "b", "c", "d"]
    # One query a state, and all that they name at once.
    assert read == [*[("Query", 1)] * 4, ("BatchGetItem", 4)]
    assert selection.orphan_count == 0


def test_more_have_expired_than_one_answer_can_have(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred keys are asked for at a time, and DynamoDB may leave some of them for the next request."""
    names = [f"e{number:03}" for number in range(120)]
    for name in names:
        environment(world, name, expires_at=1)
    ask, asked = world.clients.dynamodb.batch_get_item, []

    def leave_half(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, wanted),) = RequestItems.items()
        half = (len(wanted["Keys"]) + 1) // 2
        asked.append(len(wanted["Keys"]))
        answer: dict[str, Any] = ask(
            RequestItems={table: {**wanted, "Keys": wanted["Keys"][:half]}}
        )
        if rest := wanted["Keys"][half:]:
            answer["UnprocessedKeys"] = {table: {**wanted, "Keys": rest}}
        return answer

    monkeypatch.setattr(world.clients.dynamodb, "batch_get_item", leave_half)
    assert named(world, select(world, action="sweep", findOrphans=False)) == names
    assert asked[:2] == [100, 50]
    assert 20 in asked


def test_what_the_index_does_not_know_yet_is_not_swept(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is eventually consistent: it may name what has been prolonged, or is gone, or name one twice."""
    environment(world, "old", expires_at=int(time.time()) - 1)
    environment(world, "prolonged", expires_at=int(time.time()) + 3600)
    environment(world, "kept")
    late = ["prolonged", "old", "gone", "kept", "old"]
    monkeypatch.setattr(Items, "expired", lambda *_: iter(late))
    assert named(world, select(world, action="sweep", findOrphans=False)) == ["old"]


@pytest.mark.parametrize("orphans", [True, False])
def test_what_is_torn_down_right_now_is_not_swept_again(world: Any, orphans: bool) -> None:
    for name in ("now", "stopped", "locked"):
        environment(world, name, expires_at=int(time.time()) - 1)
        changes = {} if name == "locked" else {"state": "REMOVING"}
        world.records.acquire(name, f"execution:{name}", lambda _: False, changes)
    world.clients.stepfunctions.run("execution:now")
    # It may end before its turn comes.
    world.clients.stepfunctions.run("execution:locked")
    selection = select(world, action="sweep", findOrphans=orphans)
    assert named(world, selection) == ["locked", "stopped"]


def test_a_sweep_by_name_knows_what_has_not_expired(world: Any) -> None:
    environment(world, "old", expires_at=int(time.time()) - 1)
    environment(world, "other", expires_at=int(time.time()) - 1)
    environment(world, "kept")
    chosen = select(world, action="sweep", findOrphans=False, environments=["kept", "old"])
    assert named(world, chosen) == ["old"]
    with pytest.raises(InvalidRequestError, match=r"given nobody, allowed: .*\(kept, old, other\)"):
        select(world, action="sweep", findOrphans=False, environments=["old", "nobody"])


def test_verify_takes_what_is_live(world: Any) -> None:
    environment(world, "live")
    environment(world, "never", runtime=RuntimeRecord(name="never", id="never-1"))
    (item,) = items(world, select(world, action="verify"))
    assert item.input == {"action": "smokeTest", "environment": "live"}
    (item,) = items(world, select(world, action="verify", autoRollback=True))
    assert item.input == {"action": "smokeTest", "environment": "live", "autoRollback": True}


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
            {"action": "sweep", "maxConcurrency": 10001},
            "maxConcurrency: given 10001, allowed: 1 to 10000",
        ),
        ({"action": "sweep", "environments": ["Dev"]}, "environments.0: given"),
        ({"action": "sweep", "environments": ["nobody"]}, "environments: given nobody"),
        ({"action": "verify", "removeOrphans": True}, "removeOrphans: given true"),
        ({"action": "verify", "findOrphans": False}, "findOrphans: given false"),
        ({"action": "rebuild", "autoRollback": True}, "autoRollback: given true"),
        ({"action": "sweep", "autoRollback": True}, "autoRollback: given true"),
        (
            {"action": "sweep", "removeOrphans": True, "findOrphans": False},
            "removeOrphans: given true, allowed: true only if findOrphans is true",
        ),
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
