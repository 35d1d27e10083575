"""The fence: who may begin, who must wait, and until when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from lifecycle.clients import Clients
from lifecycle.errors import EnvironmentSettlingError, LifecycleError, LockLostError
from lifecycle.fence import READS, fenced
from lifecycle.stages import STAGES, effect_of
from lifecycle.table import MARGIN_SECONDS, Records
from tests.functions.lifecycle.killer import Killed
from tests.functions.lifecycle.lambda_context import LambdaContext
from tests.functions.test_policies import allowed

FIRST, SECOND = "execution:first", "execution:second"
CREATES, DELETES = "provision_identity", "delete_identity"
# A function that may do these and is not fenced leaves nothing behind by them.
HARMLESS = {
    "bedrock-agentcore:Evaluate": "a judgement is kept nowhere",
    "bedrock-agentcore:InvokeAgentRuntime": "a session ends with its runtime",
    "bedrock-agentcore:InvokeGateway": "as with InvokeAgentRuntime",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream": "as with InvokeAgentRuntime",
    "bedrock-agentcore:StopRuntimeSession": "it ends a session",
    "bedrock:InvokeModel": "an answer is kept nowhere",
    "bedrock:InvokeModelWithResponseStream": "as with InvokeModel",
    "cognito-idp:AdminInitiateAuth": "it signs in",
    "dynamodb:BatchWriteItem": "what was promoted is deleted with the record",
    "dynamodb:DeleteItem": "a record is deleted by the holder of the lock alone",
    "dynamodb:Scan": "it reads",
    "dynamodb:UpdateItem": "a record is written by the holder of the lock alone",
    "events:PutEvents": "an event is no resource of an environment",
    "logs:StartQuery": "a query ends by itself",
    "s3:PutObject": "below fleets/, where objects expire",
    "states:StartExecution": "the execution takes the lock itself",
}
_STRAY = "it deletes what no item of the artifacts table vouches for, and is older than any build"
# The same, where only one function may do it so.
HARMLESS_IN = {
    "select_environments": {
        "ecr:BatchDeleteImage": _STRAY,
        "s3:DeleteObject": _STRAY,
        "s3:DeleteObjectVersion": _STRAY,
    }
}


@pytest.fixture
def records(table_clients: Clients) -> Records:
    records = Records(table_clients.dynamodb, "environments")
    take(records, FIRST)
    return records


@pytest.fixture
def writes(table_clients: Clients) -> Iterator[list[str]]:
    """The writes of the table."""
    seen: list[str] = []

    def note(model: Any, **_: Any) -> None:
        if not model.name.startswith(READS):
            seen.append(model.name)

    events = table_clients.dynamodb.meta.events
    events.register("before-call", note)
    yield seen
    events.unregister("before-call", note)


def take(records: Records, execution: str) -> Any:
    return records.acquire("dev", execution, lambda _: False, {"state": "PROVISIONING"})


def fence(
    clients: Clients,
    handler: str = CREATES,
    execution: str = FIRST,
    request: str = "r1",
    seconds: float = 120,
) -> Any:
    whose = {"environment": "dev", "execution": execution}
    return fenced(handler, whose, LambdaContext(request, seconds), clients=clients)


def change(clients: Clients) -> None:
    """An AWS call that is no read."""
    clients.events.create_event_bus(Name=f"bus-{len(buses(clients))}")


def buses(clients: Clients) -> list[str]:
    found = clients.events.list_event_buses()["EventBuses"]
    return [bus["Name"] for bus in found if bus["Name"] != "default"]


@contextmanager
def call(clients: Clients, handler: str = CREATES, **more: Any) -> Iterator[None]:
    """A call that has begun to change something."""
    with fence(clients, handler, **more):
        change(clients)
        yield


def cut_off(clients: Clients, handler: str = CREATES, request: str = "r1") -> None:
    """A call whose process is gone, or that no longer tells anybody of itself."""
    with pytest.raises(Killed), call(clients, handler, request=request):
        raise Killed


def open_calls(records: Records) -> list[str]:
    record = records.get("dev")
    assert record is not None
    return sorted(f"{call.handler} {call.request_id}" for call in record.open_calls)


def test_a_call_is_in_the_record_while_it_works_and_two_may_work_at_once(
    records: Records, table_clients: Clients
) -> None:
    with call(table_clients), call(table_clients, "publish_artifact", request="r2"):
        assert open_calls(records) == ["provision_identity r1", "publish_artifact r2"]
        (first, _) = records.get("dev").open_calls  # type: ignore[union-attr]
        assert time.time() + 119 < first.deadline < time.time() + 122
    assert open_calls(records) == []


def test_a_handler_without_an_effect_writes_nothing(table_clients: Clients) -> None:
    with fenced("check_runtime", {}, LambdaContext(), clients=table_clients):
        pass
    assert table_clients.dynamodb.scan(TableName="environments")["Items"] == []


def test_a_dry_run_writes_nothing(records: Records, table_clients: Clients) -> None:
    before = records.get("dev")
    whose = {"environment": "dev", "execution": FIRST}
    with fenced(DELETES, whose, LambdaContext(), dry_run=True, clients=table_clients):
        assert records.get("dev") == before
    assert records.get("dev") == before


def test_a_call_that_only_reads_writes_nothing(records: Records, table_clients: Clients) -> None:
    before = records.get("dev")
    with fence(table_clients):
        table_clients.events.list_event_buses()
        assert records.get("dev") == before
    assert records.get("dev") == before


def test_a_call_that_read_before_it_was_cut_off_changes_nothing_after(
    records: Records, table_clients: Clients
) -> None:
    with fence(table_clients):
        assert buses(table_clients) == []
        take(records, SECOND)
        with pytest.raises(LockLostError):
            change(table_clients)
    assert (open_calls(records), buses(table_clients)) == ([], [])


def test_a_call_that_read_before_its_execution_began_to_delete_changes_nothing_after(
    records: Records, table_clients: Clients
) -> None:
    with fence(table_clients):
        assert buses(table_clients) == []
        with fence(table_clients, DELETES, request="r2"):
            pass
        with pytest.raises(LockLostError):
            change(table_clients)
    assert (open_calls(records), buses(table_clients)) == ([], [])


def test_a_write_of_the_record_carries_the_call_along(
    records: Records, table_clients: Clients, writes: list[str]
) -> None:
    with fence(table_clients):
        records.update("dev", FIRST, state="PROVISIONING")
        change(table_clients)
        assert open_calls(records) == ["provision_identity r1"]
        records.update("dev", FIRST, last=True, state="READY")
        assert open_calls(records) == []
    assert writes == ["UpdateItem", "UpdateItem"]


def test_a_last_write_of_a_call_that_changed_nothing_is_the_only_one(
    records: Records, table_clients: Clients, writes: list[str]
) -> None:
    with fence(table_clients):
        records.update("dev", FIRST, last=True, state="READY")
        assert open_calls(records) == []
    assert writes == ["UpdateItem"]


def test_a_change_after_the_last_write_opens_again(
    records: Records, table_clients: Clients
) -> None:
    with fence(table_clients):
        change(table_clients)
        records.update("dev", FIRST, last=True, state="READY")
        change(table_clients)
        assert open_calls(records) == ["provision_identity r1"]
    assert open_calls(records) == []


def test_a_write_of_another_environments_record_does_not_carry_the_call_along(
    records: Records, table_clients: Clients
) -> None:
    records.acquire("other", FIRST, lambda _: False, {})
    with fence(table_clients):
        assert records.update("other", FIRST, state="READY").open_calls == []


def test_a_write_of_the_record_without_an_answer_may_have_opened(
    records: Records, table_clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = table_clients.dynamodb.update_item

    def unanswered(**arguments: Any) -> None:
        update(**arguments)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with fence(table_clients):
        with monkeypatch.context() as patch:
            patch.setattr(table_clients.dynamodb, "update_item", unanswered)
            with pytest.raises(ReadTimeoutError):
                change(table_clients)
        assert open_calls(records) == ["provision_identity r1"]
    assert (open_calls(records), buses(table_clients)) == ([], [])


@pytest.mark.parametrize("error", [LifecycleError("no"), ValueError("no")])
def test_a_call_that_fails_is_over(
    records: Records, table_clients: Clients, error: Exception
) -> None:
    with pytest.raises(type(error)), call(table_clients):
        raise error
    assert open_calls(records) == []


def test_a_request_without_an_answer_may_still_be_carried_out(
    records: Records, table_clients: Clients
) -> None:
    with pytest.raises(ReadTimeoutError), call(table_clients):
        raise ReadTimeoutError(endpoint_url="https://cognito")
    assert open_calls(records) == ["provision_identity r1"]
    with pytest.raises(EndpointConnectionError), call(table_clients, request="r2"):
        raise EndpointConnectionError(endpoint_url="https://cognito")
    assert open_calls(records) == ["provision_identity r1"], "that request was never sent"


def test_nobody_takes_over_before_the_deadline_of_a_call_that_was_cut_off(
    records: Records, table_clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(table_clients)
    record = records.get("dev")
    assert record is not None
    deadline = record.open_calls[0].deadline
    with pytest.raises(EnvironmentSettlingError, match=r"provision_identity .*r1.* until 20"):
        take(records, SECOND)
    assert records.get("dev") == record, "nothing was written"
    monkeypatch.setattr(time, "time", lambda: deadline + MARGIN_SECONDS - 1.0)
    with pytest.raises(EnvironmentSettlingError):
        take(records, SECOND)
    monkeypatch.setattr(time, "time", lambda: deadline + MARGIN_SECONDS + 1.0)
    assert take(records, SECOND).open_calls == []


def test_the_same_execution_does_not_wait_for_itself(
    records: Records, table_clients: Clients
) -> None:
    cut_off(table_clients)
    assert take(records, FIRST).lock.execution == FIRST
    with call(table_clients, request="r2"):
        assert open_calls(records) == ["provision_identity r1", "provision_identity r2"]
    assert open_calls(records) == ["provision_identity r1"], "another's call is left alone"


def test_a_lock_that_was_released_does_not_hide_a_call(
    records: Records, table_clients: Clients
) -> None:
    cut_off(table_clients)
    assert records.release("dev", FIRST, state="FAILED")
    with pytest.raises(EnvironmentSettlingError):
        take(records, SECOND)


@pytest.mark.parametrize("handler", [CREATES, DELETES])
def test_who_lost_the_lock_does_not_begin(
    records: Records, table_clients: Clients, handler: str
) -> None:
    take(records, SECOND)
    with pytest.raises(LockLostError, match="took it over"), call(table_clients, handler):
        pytest.fail("it began")
    assert (open_calls(records), buses(table_clients)) == ([], [])


def test_a_call_that_begins_while_another_takes_over_is_seen(
    records: Records, table_clients: Clients
) -> None:
    began: list[bool] = []

    def dead(_execution: str) -> bool:
        if not began:
            began.append(True)
            cut_off(table_clients)
        return False

    with pytest.raises(EnvironmentSettlingError):
        records.acquire("dev", SECOND, dead, {})


def test_a_deletion_waits_for_what_may_still_create(
    records: Records, table_clients: Clients
) -> None:
    cut_off(table_clients)
    with pytest.raises(EnvironmentSettlingError), call(table_clients, DELETES, request="r2"):
        pytest.fail("it began")
    assert open_calls(records) == ["provision_identity r1"]


def test_a_deletion_does_not_wait_for_a_deletion(records: Records, table_clients: Clients) -> None:
    cut_off(table_clients, DELETES)
    with call(table_clients, "delete_artifact", request="r2"):
        assert open_calls(records) == ["delete_artifact r2", "delete_identity r1"]


def test_an_execution_that_has_begun_to_delete_creates_no_more(
    records: Records, table_clients: Clients
) -> None:
    with call(table_clients, DELETES):
        pass
    with pytest.raises(LockLostError), call(table_clients, request="r2"):
        pytest.fail("it began")
    take(records, SECOND)
    with call(table_clients, execution=SECOND):
        assert open_calls(records) == ["provision_identity r1"]


def test_a_record_stays_while_a_call_may_still_delete(
    records: Records, table_clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(table_clients, DELETES)
    with pytest.raises(EnvironmentSettlingError):
        records.delete("dev", FIRST)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert records.delete("dev", FIRST)


def test_a_call_that_cannot_be_closed_does_not_fail_its_work(
    records: Records, table_clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")

    with monkeypatch.context() as patch, call(table_clients):
        patch.setattr(table_clients.dynamodb, "update_item", throttled)
    assert open_calls(records) == ["provision_identity r1"]


def test_closing_a_call_does_not_make_a_record(records: Records, table_clients: Clients) -> None:
    with call(table_clients):
        table_clients.dynamodb.delete_item(
            TableName="environments", Key={"environment": {"S": "dev"}}
        )
    assert records.get("dev") is None


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.handler)
def test_every_function_that_may_create_or_delete_is_fenced(stage: Any) -> None:
    writes = {
        action
        for action in allowed(stage)
        if not action.partition(":")[2].startswith(READS)
        and action not in HARMLESS
        and action not in HARMLESS_IN.get(stage.handler, ())
    }
    assert (effect_of(stage.handler) is not None) == bool(writes), writes


def test_a_deadline_of_lambdas_is_the_calls(records: Records, table_clients: Clients) -> None:
    with call(table_clients, seconds=7.5):
        record = records.get("dev")
        assert record is not None
        assert abs(record.open_calls[0].deadline - time.time()) <= 9
