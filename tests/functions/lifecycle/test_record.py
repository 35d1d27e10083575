"""The record and its lock, on moto's DynamoDB."""

import pytest

from lifecycle.clients import Clients
from lifecycle.errors import EnvironmentBusyError, LockLostError
from lifecycle.record import Record
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.table import Records

FIRST = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:first"
SECOND = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:second"


@pytest.fixture
def records(table_clients: Clients) -> Records:
    return Records(table_clients.dynamodb, "environments")


def everything_runs(_execution: str) -> bool:
    return True


def nothing_runs(_execution: str) -> bool:
    return False


def test_first_taker_makes_the_record_and_second_hears_who_holds_it(records: Records) -> None:
    made = records.acquire("dev", FIRST, everything_runs, {"state": "PROVISIONING"})
    assert made is not None
    assert (made.created_by, made.state) == (FIRST, "PROVISIONING")
    with pytest.raises(EnvironmentBusyError, match="first"):
        records.acquire("dev", SECOND, everything_runs, {})


def test_the_same_execution_may_take_the_lock_twice(records: Records) -> None:
    records.acquire("dev", FIRST, everything_runs, {})
    again = records.acquire("dev", FIRST, everything_runs, {})
    assert again is not None
    assert again.lock is not None
    assert again.lock.execution == FIRST


def test_the_lock_of_a_dead_execution_is_taken_over_and_the_dead_can_write_no_more(
    records: Records,
) -> None:
    records.acquire("dev", FIRST, nothing_runs, {})
    taken = records.acquire("dev", SECOND, nothing_runs, {})
    assert taken is not None
    assert taken.created_by == FIRST, "who made the record does not change"
    with pytest.raises(LockLostError, match="took it over"):
        records.update("dev", FIRST, state="READY")
    assert records.release("dev", FIRST) is None
    assert records.delete("dev", FIRST) is False
    assert records.delete("dev", SECOND) is True


def test_of_two_takers_of_a_dead_lock_one_wins(records: Records) -> None:
    records.acquire("dev", FIRST, nothing_runs, {})
    third = f"{SECOND}-third"

    def dead_but_another_is_quicker(execution: str) -> bool:
        if execution == FIRST:
            records.acquire("dev", third, nothing_runs, {})
            return False
        return execution == third

    with pytest.raises(EnvironmentBusyError, match="third"):
        records.acquire("dev", SECOND, dead_but_another_is_quicker, {})


def test_sections_are_written_apart_and_read_back_whole(records: Records) -> None:
    records.acquire(
        "dev", FIRST, everything_runs, {"request": {"ttlHours": 0.5, "wait": {"timeoutSeconds": 9}}}
    )
    records.update("dev", FIRST, identity=IdentityRecord(type="cognito", user_pool_id="p"))
    record = records.update(
        "dev", FIRST, runtime=RuntimeRecord(name="r", id="r-0123456789"), expires_at=12
    )
    assert record.identity is not None
    assert record.identity.user_pool_id == "p"
    assert record.request == {"ttlHours": 0.5, "wait": {"timeoutSeconds": 9}}
    assert record.expires_at == 12
    assert not record.is_empty
    gone = records.update("dev", FIRST, identity=None, runtime=None)
    assert gone.is_empty


def test_release_keeps_the_record_and_frees_the_lock(records: Records) -> None:
    records.acquire("dev", FIRST, everything_runs, {})
    assert records.release("dev", FIRST, state="READY")
    record = records.get("dev")
    assert record is not None
    assert (record.lock, record.state) == (None, "READY")


def test_what_must_exist_is_not_made(records: Records) -> None:
    assert records.acquire("dev", FIRST, everything_runs, {}, must_exist=True) is None
    assert records.get("dev") is None


def test_all_reads_every_environment(records: Records) -> None:
    for name in ("a", "b", "c"):
        records.acquire(name, FIRST, everything_runs, {})
    found: list[Record] = list(records.all())
    assert sorted(record.environment for record in found) == ["a", "b", "c"]
