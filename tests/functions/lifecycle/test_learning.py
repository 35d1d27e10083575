"""How long runs took: measured by the stages, written by the last one, read by the first of the next execution."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lifecycle.clients import Clients
from lifecycle.durations import STACK_KEY, StackDurations
from lifecycle.errors import InvalidRequestError
from lifecycle.outcome.report import OutcomeEvent, report_outcome
from lifecycle.polling.schedule import Learned, Look
from lifecycle.request.model import parse_request
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.request.stage_event import StageEvent
from lifecycle.table import Records

TABLE = "environments"
BUILT: Learned = {"build": [[55, 60]]}


class Bus:
    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(len(Entries))}]}


class Executions:
    def describe_execution(self, **_: str) -> dict[str, str]:
        return {"status": "SUCCEEDED"}


@pytest.fixture
def clients(table_clients: Clients) -> Clients:
    table_clients.events, table_clients.stepfunctions = Bus(), Executions()
    return table_clients


def prepare(clients: Clients, environment: str, **given: Any) -> Learned:
    """The first stage; returns what it has learned."""
    event = PrepareEvent(execution=f"of:{environment}", input={"environment": environment, **given})
    return prepare_request(event, clients=clients).learned


def report(clients: Clients, environment: str, learned: Learned, **given: Any) -> None:
    """The last stage, of an execution that measured something."""
    request = {"environment": environment, "action": "provision", **given}
    report_outcome(
        OutcomeEvent(execution=f"of:{environment}", request=request, learned=learned),
        clients=clients,
    )


def calls_of(clients: Clients, stage: Any, *arguments: Any, **more: Any) -> list[str]:
    """The DynamoDB operations of a stage."""
    seen: list[str] = []
    hook = lambda model, **_: seen.append(model.name)  # noqa: E731
    clients.dynamodb.meta.events.register("before-call.dynamodb.*", hook)
    stage(clients, *arguments, **more)
    clients.dynamodb.meta.events.unregister("before-call.dynamodb.*", hook)
    return seen


def test_an_environment_learns_from_its_own_runs(clients: Clients) -> None:
    assert prepare(clients, "dev") == {}
    report(clients, "dev", BUILT)
    report(clients, "other", {"build": [[1, 2]]})
    assert prepare(clients, "dev") == BUILT


def test_a_new_environment_learns_from_the_others(clients: Clients) -> None:
    prepare(clients, "one")
    report(clients, "one", {**BUILT, "delete": [[3, 4]]})
    assert prepare(clients, "two") == {**BUILT, "delete": [[3, 4]]}
    # It has them from now on, and replaces those that it measures itself.
    report(clients, "two", {**BUILT, "delete": [[3, 4]], "create": [[8, 9]]})
    assert prepare(clients, "two") == {**BUILT, "delete": [[3, 4]], "create": [[8, 9]]}


def test_executions_that_end_together_keep_each_others_kinds(clients: Clients) -> None:
    prepare(clients, "one")
    prepare(clients, "two")
    report(clients, "one", BUILT)
    report(clients, "two", {"create": [[8, 9]]})
    assert StackDurations(clients.dynamodb, TABLE).read() == {**BUILT, "create": [[8, 9]]}


def test_the_stack_is_asked_only_when_the_environment_knows_nothing_of_use(
    clients: Clients,
) -> None:
    assert calls_of(clients, prepare, "dev").count("GetItem") == 2
    report(clients, "dev", BUILT)
    assert calls_of(clients, prepare, "dev").count("GetItem") == 1
    assert calls_of(clients, prepare, "dev", action="smokeTest").count("GetItem") == 1
    assert calls_of(clients, prepare, "dev", action="teardown", dryRun=True).count("GetItem") == 1
    assert calls_of(clients, prepare, "dev", action="teardown").count("GetItem") == 2


def test_what_was_learned_is_written_with_the_lock_and_only_when_it_is_new(
    clients: Clients,
) -> None:
    prepare(clients, "dev")
    assert calls_of(clients, report, "dev", BUILT) == ["UpdateItem", "UpdateItem"]
    learned = prepare(clients, "dev")
    assert calls_of(clients, report, "dev", learned) == ["UpdateItem"]


def test_what_a_failed_execution_measured_is_kept(clients: Clients) -> None:
    prepare(clients, "dev")
    event = {
        "execution": "of:dev",
        "request": {"environment": "dev", "action": "provision"},
        "failure": {"Error": "SmokeTestError", "Cause": "no"},
        "learned": BUILT,
    }
    report_outcome(OutcomeEvent.model_validate(event), clients=clients)
    assert prepare(clients, "dev") == BUILT


def test_the_item_of_the_stack_is_no_environment(clients: Clients) -> None:
    prepare(clients, "dev")
    report(clients, "dev", BUILT)
    assert [item.environment for item in Records(clients.dynamodb, TABLE).all()] == ["dev"]
    with pytest.raises(InvalidRequestError, match="environment"):
        parse_request({"environment": STACK_KEY})


# --- what a stage says about its loop ---


def event(look: Look | None = None, learned: Learned | None = None, **wait: int) -> StageEvent:
    return StageEvent(
        execution="of:dev",
        request=parse_request({"wait": wait}),
        deadline=time.time() + 100,
        look=look,
        learned=learned or {},
    )


def ago(seconds: float, kind: Any = "create") -> Look:
    now = time.time()
    return Look(kind=kind, since=now - seconds, at=now - 5, wait_seconds=5)


def test_a_wait_begins_with_what_began() -> None:
    said = event(ago(50), BUILT).began("build")
    assert said["done"] is False
    assert said["look"].kind == "build"
    assert abs(said["look"].since - time.time()) < 5
    assert said["look"].wait_seconds == 10  # it is known to take longer
    # The next thing begins when the last one is done.
    assert said["learned"]["create"] == [[45, 51]]
    assert event().began("create")["look"].wait_seconds == 1
    assert event(intervalSeconds=0).began("create")["look"].wait_seconds == 0


def test_a_wait_goes_on_from_its_beginning() -> None:
    said = event(ago(50)).looked(done=False)
    assert said["look"].wait_seconds == 5
    assert said["learned"] == {}
    often = event(ago(50), maxIntervalSeconds=2, timeoutSeconds=100)
    assert often.looked(done=False)["look"].wait_seconds == 2
    assert event(ago(5000)).looked(done=False)["look"].wait_seconds == 100  # the deadline
    assert event().looked(done=False)["look"].kind is None


def test_the_end_of_a_wait_teaches() -> None:
    assert event(ago(50)).looked(done=True) == {
        "done": True,
        "look": None,
        "learned": {"create": [[45, 51]]},
    }
    assert event(ago(50, None)).looked(done=True)["learned"] == {}
    said = event(ago(50)).looked(done=False, ended=True)
    assert (said["look"].kind, said["learned"]) == (None, {"create": [[45, 51]]})


def test_the_deadline_is_the_last_look() -> None:
    assert not event().overdue
    assert StageEvent(execution="of:dev", request=parse_request({}), deadline=time.time()).overdue
