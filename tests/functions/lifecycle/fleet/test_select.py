"""Fleets: which environments, with which input, which orphans, and what is reported."""

import json
import re
import time
from typing import Any

import pytest

from lifecycle.errors import FleetError, InvalidRequestError
from lifecycle.fleet.orphans import find_orphans
from lifecycle.fleet.report import FleetReportEvent, report_fleet
from lifecycle.fleet.select import FleetEvent, Selection, select_environments
from lifecycle.record import IdentityRecord, RuntimeRecord
from lifecycle.request.model import parse_request


def select(world: Any, execution: str = "fleet:one", **request: Any) -> Selection:
    event = FleetEvent(execution=execution, input=request)
    return select_environments(event, clients=world.clients)


def named(selection: Selection) -> list[str]:
    return [item.environment for item in selection.items]


def environment(world: Any, name: str, **changes: Any) -> None:
    """An environment at rest, as a provision left it."""
    request = parse_request({"environment": name} | changes.pop("request", {}))
    world.records.acquire(name, "execution:one", lambda _: False, {"request": request.to_json()})
    runtime = RuntimeRecord(name=name, id=f"{name}-1", arn=f"arn:{name}", live_version="1")
    changes = {"state": "READY", "runtime": runtime} | changes
    world.records.release(name, "execution:one", **changes)


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


def orphaned_runtime(world: Any, name: str, stack: str = "stack") -> str:
    answer = world.control.create_agent_runtime(
        agentRuntimeName=f"stack_{name}",
        agentRuntimeArtifact={"containerConfiguration": {"containerUri": "public.ecr.aws/a/b:c"}},
        roleArn="arn:aws:iam::123456789012:role/agent",
        tags={"agentcore-lifecycle:stack": stack, "agentcore-lifecycle:environment": name},
    )
    return str(answer["agentRuntimeArn"])


def test_orphans_are_reported_and_nothing_more(world: Any) -> None:
    lost = orphaned_runtime(world, "lost")
    orphaned_runtime(world, "theirs", stack="another")
    world.clients.secrets.create_secret(
        Name="stack/lost/password",
        SecretString="x",
        Tags=[
            {"Key": "agentcore-lifecycle:stack", "Value": "stack"},
            {"Key": "agentcore-lifecycle:environment", "Value": "lost"},
        ],
    )
    selection = select(world, action="sweep")
    assert selection.items == []
    secret, runtime = sorted(selection.orphans, key=lambda orphan: orphan.arn == lost)
    assert ":secret:stack/lost/password" in secret.arn
    assert (runtime.arn, runtime.environment, runtime.removable) == (lost, "lost", True)
    assert world.records.get("lost") is None


def test_orphans_are_torn_down_when_told_to(world: Any) -> None:
    orphaned_runtime(world, "lost")
    orphaned_runtime(world, "other")
    dry = select(world, action="sweep", removeOrphans=True, dryRun=True, pattern="lost")
    assert [item.environment for item in dry.would_start] == ["lost"]
    assert world.records.get("lost") is None
    selection = select(world, action="sweep", removeOrphans=True, pattern="lost")
    (item,) = selection.items
    assert item.input == {"action": "teardown", "environment": "lost"}
    assert world.records.get("lost").state == "FAILED"
    assert world.records.get("other") is None


def test_an_orphan_that_was_taken_on_is_swept_again_until_it_is_gone(world: Any) -> None:
    orphaned_runtime(world, "lost")
    assert len(select(world, action="sweep", removeOrphans=True).items) == 1
    # The function was killed and runs again, or the teardown failed and the next sweep comes.
    (item,) = select(world, action="sweep").items
    assert item.input == {"action": "teardown", "environment": "lost"}


def test_what_is_provisioned_while_the_sweep_looks_is_not_torn_down(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def provisioned_meanwhile(*arguments: Any) -> Any:
        orphaned_runtime(world, "fresh")
        environment(world, "fresh")
        return find_orphans(*arguments)

    monkeypatch.setattr("lifecycle.fleet.select.find_orphans", provisioned_meanwhile)
    selection = select(world, action="sweep", removeOrphans=True)
    assert [orphan.environment for orphan in selection.orphans] == ["fresh"]
    assert selection.items == []


def test_what_a_record_knows_is_no_orphan(world: Any) -> None:
    world.provision("one")
    assert select(world, action="sweep").orphans == []
    arn = world.only_runtime().arn
    runtime = world.record().runtime.model_copy(update={"arn": "arn:else", "id": "else"})
    world.begin("two")
    world.records.update("dev", "execution:two", runtime=runtime)
    assert select(world, action="sweep").orphans == [], "somebody works on it"
    world.records.release("dev", "execution:two")
    (orphan,) = select(world, action="sweep", removeOrphans=True).orphans
    assert (orphan.arn, orphan.removable) == (arn, False)


def test_an_identity_that_a_record_knows_is_no_orphan(world: Any) -> None:
    secret = world.clients.secrets.create_secret(
        Name="stack/dev/password",
        SecretString="x",
        Tags=[
            {"Key": "agentcore-lifecycle:stack", "Value": "stack"},
            {"Key": "agentcore-lifecycle:environment", "Value": "dev"},
        ],
    )
    environment(
        world, "dev", identity=IdentityRecord(type="iam", secret_arns={"password": secret["ARN"]})
    )
    assert select(world, action="sweep").orphans == []


@pytest.fixture
def heard(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is put onto the event bus."""
    monkeypatch.setenv("EVENT_BUS_NAME", "default")
    entries: list[dict[str, Any]] = []

    class Events:
        def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            entries.extend(Entries)
            return {"FailedEntryCount": 0}

    world.clients.__dict__["events"] = Events()
    yield entries
    del world.clients.__dict__["events"]


def report(world: Any, *results: dict[str, Any]) -> Any:
    environment(world, "a")
    selection = select(world, action="rebuild")
    event = FleetReportEvent.model_validate(
        {"execution": "fleet:one", "selection": selection, "results": list(results)}
    )
    return report_fleet(event, clients=world.clients)


GOOD = {"environment": "a", "execution": "x:1", "status": "SUCCEEDED", "error": None, "cause": None}


def test_a_good_fleet_is_counted(world: Any, heard: Any) -> None:
    result = report(world, GOOD, GOOD | {"environment": "b"})
    assert (result.started, result.succeeded, result.failed) == (2, 2, 0)
    assert [entry["DetailType"] for entry in heard] == ["Fleet Complete"]


def test_a_failed_environment_is_named_with_its_own_error(world: Any, heard: Any) -> None:
    cause = {
        "ExecutionArn": "x:2",
        "Status": "FAILED",
        "Error": "SmokeTestError",
        "Cause": "check 'answer':\nexpected rain",
    }
    failed = {
        "environment": "b",
        "execution": None,
        "status": "FAILED",
        "error": "States.TaskFailed",
        "cause": json.dumps(cause),
    }
    with pytest.raises(FleetError, match="1 of 2 environments failed: b: SmokeTestError: check"):
        report(world, GOOD, failed)
    (entry,) = heard
    assert entry["DetailType"] == "Fleet Failed"
    assert json.loads(entry["Detail"])["failed"] == 1
