"""The end of an execution: the record, the event and the output say the same."""

import json
from typing import Any

import pytest

from lifecycle.clients import Clients
from lifecycle.errors import AwsCallError, LockLostError, ServiceUnavailableError
from lifecycle.outcome.cause import RawFailure, readable
from lifecycle.outcome.failure import FailureEvent, record_failure
from lifecycle.outcome.report import OutcomeEvent, report_outcome
from lifecycle.record import FailedSmokeTest
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import Promotion, RuntimeRecord
from lifecycle.table import Records

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:one"
OTHER = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:two"


class FakeBus:
    """EventBridge: keeps what is put, refuses when told to."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refuses: str | None = None

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if self.refuses:
            return {
                "FailedEntryCount": 1,
                "Entries": [{"ErrorCode": self.refuses, "ErrorMessage": "no"}],
            }
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


@pytest.fixture
def clients(table_clients: Clients) -> Clients:
    table_clients.events = FakeBus()
    Records(table_clients.dynamodb, "environments").acquire(
        "dev", EXECUTION, lambda _: True, {"request": {"environment": "dev", "action": "provision"}}
    )
    return table_clients


def record(clients: Clients) -> Any:
    return Records(clients.dynamodb, "environments").get("dev")


def report(clients: Clients, **event: Any) -> Any:
    return report_outcome(
        OutcomeEvent.model_validate(
            {"execution": EXECUTION, "request": {"environment": "dev"}, **event}
        ),
        clients=clients,
    )


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        (
            json.dumps(
                {"errorMessage": "no\n good", "errorType": "X", "stackTrace": ["secret path"]}
            ),
            "no good",
        ),
        ("plain\ttext", "plain text"),
        ("", "no cause given; see the execution's history"),
        ("[1, 2]", "[1, 2]"),
        ("x" * 2000, "x" * 999 + "…"),
    ],
)
def test_a_cause_becomes_one_line(cause: str, line: str) -> None:
    assert readable(RawFailure(Error="X", Cause=cause)).cause == line


def test_success_frees_the_lock_and_announces_ready(clients: Clients) -> None:
    clients_request = {"environment": "dev", "action": "provision"}
    outcome = report(
        clients, request=clients_request, timings={"runtime": 1.5}, runtime={"id": "r"}
    )
    assert outcome.failure is None
    assert outcome.output["runtime"] == {"id": "r"}
    assert outcome.output["timings"] == {"runtime": 1.5}
    assert (record(clients).state, record(clients).lock) == ("READY", None)
    assert record(clients).proven_request == record(clients).request == clients_request
    (entry,) = clients.events.entries
    assert (entry["Source"], entry["DetailType"]) == ("agentcore.lifecycle", "Environment Ready")
    assert json.loads(entry["Detail"]) == outcome.output


def test_a_rollback_leaves_the_environment_ready_with_the_request_of_what_is_live(
    clients: Clients,
) -> None:
    outcome = report(clients, request={"environment": "dev", "action": "rollback", "version": "2"})
    assert (outcome.failure, outcome.output["action"]) == (None, "rollback")
    assert (record(clients).state, record(clients).lock) == ("READY", None)
    # The promotion has written it; here it is what the lock was taken with.
    assert record(clients).proven_request == {"environment": "dev", "action": "provision"}
    assert clients.events.entries[0]["DetailType"] == "Environment Ready"


def test_failure_is_written_kept_and_announced(clients: Clients) -> None:
    raw = {"Error": "SmokeTestError", "Cause": json.dumps({"errorMessage": "open door"})}
    event = FailureEvent.model_validate(
        {"execution": EXECUTION, "request": {"environment": "dev"}, "failure": raw}
    )
    assert record_failure(event, clients=clients).cause == "open door"
    assert record(clients).state_reason == "SmokeTestError: open door"
    outcome = report(clients, request={"environment": "dev", "action": "provision"}, failure=raw)
    assert outcome.failure is not None
    assert (outcome.failure.error, outcome.failure.cause) == ("SmokeTestError", "open door")
    assert (record(clients).state, record(clients).lock) == ("FAILED", None)
    assert clients.events.entries[0]["DetailType"] == "Environment Failed"


def test_what_a_failed_smoke_test_saw_is_in_the_output_of_its_own_execution(
    clients: Clients,
) -> None:
    seen = {"passed": False, "checks": [{"name": "SigV4 is refused", "milliseconds": 12}]}
    records = Records(clients.dynamodb, "environments")
    failure = {"Error": "SmokeTestError", "Cause": "check 'x'"}
    for execution, expected in (("arn:another", None), (EXECUTION, seen)):
        kept = FailedSmokeTest(execution=execution, report=seen)
        records.acquire("dev", EXECUTION, lambda _: True, {"failed_smoke_test": kept})
        assert report(clients, failure=failure).output["smokeTest"] == expected


def test_what_a_failed_test_of_the_gateway_saw_is_in_the_output_of_its_own_execution(
    clients: Clients,
) -> None:
    checks = [{"name": "SigV4 is refused"}]
    seen = {"id": "g", "only": False, "url": "u", "endpoint": "e", "checks": checks}
    made = {"change": "created", "repaired": ["its role"], "id": "g"}
    records = Records(clients.dynamodb, "environments")
    failure = {"Error": "GatewayTestError", "Cause": "check 'x'"}
    for execution, given, expected in (
        ("arn:another", made, made),
        (EXECUTION, made, {**made, **seen}),
        (EXECUTION, None, {"change": None, "repaired": [], **seen}),
    ):
        kept = FailedSmokeTest(execution=execution, report={**seen, "answer": "a"})
        records.acquire("dev", EXECUTION, lambda _: True, {"failed_gateway_test": kept})
        assert report(clients, failure=failure, gateway=given).output["gateway"] == expected


def test_the_original_error_stays_when_the_compensation_fails_too(clients: Clients) -> None:
    outcome = report(
        clients,
        request={"environment": "dev", "action": "provision"},
        failure={"Error": "RuntimeFailedError", "Cause": "first"},
        teardownFailure={"Error": "TeardownIncompleteError", "Cause": "second"},
    )
    assert outcome.failure.error == "RuntimeFailedError"
    assert "first" in outcome.failure.cause
    assert "TeardownIncompleteError: second" in outcome.failure.cause
    assert record(clients) is not None


def test_a_removed_environment_has_no_record_and_is_announced(clients: Clients) -> None:
    teardown = {"dryRun": False, "removed": ["x"]}
    report(clients, request={"environment": "dev", "action": "teardown"}, teardown=teardown)
    assert record(clients) is None
    assert clients.events.entries[0]["DetailType"] == "Environment Removed"


def test_a_record_that_still_knows_a_resource_is_never_deleted(clients: Clients) -> None:
    Records(clients.dynamodb, "environments").update(
        "dev", EXECUTION, identity=IdentityRecord(type="cognito", user_pool_id="p")
    )
    report(
        clients, request={"environment": "dev", "action": "teardown"}, teardown={"dryRun": False}
    )
    assert record(clients).identity.user_pool_id == "p"


def test_a_dry_run_keeps_the_record_and_announces_nothing(clients: Clients) -> None:
    report(clients, request={"environment": "dev", "action": "teardown"}, teardown={"dryRun": True})
    assert record(clients) is not None
    assert clients.events.entries == []


PROVISION_DRY = {"environment": "dev", "action": "provision", "dryRun": True}


def test_a_plan_leaves_the_state_and_is_announced_to_nobody(clients: Clients) -> None:
    before = record(clients)
    outcome = report(clients, request=PROVISION_DRY, plan={"notKnown": []})
    assert outcome.output["plan"] == {"notKnown": []}
    after = record(clients)
    assert (after.lock, after.proven_request, after.state) == (None, None, before.state)
    assert clients.events.entries == []
    failure = {"Error": "ArtifactBuildError", "Cause": "no such source"}
    report(clients, request=PROVISION_DRY, failure=failure)
    assert record(clients) == after


def test_a_plan_of_what_does_not_exist_leaves_nothing(clients: Clients) -> None:
    request = {**PROVISION_DRY, "environment": "new"}
    assert report(clients, request=request, plan={}).failure is None
    failure = {"Error": "ArtifactBuildError", "Cause": "no such source"}
    assert report(clients, request=request, failure=failure).failure is not None
    assert [item.environment for item in Records(clients.dynamodb, "environments").all()] == ["dev"]


def test_another_executions_environment_is_left_alone(clients: Clients) -> None:
    event = OutcomeEvent.model_validate(
        {
            "execution": OTHER,
            "request": {},
            "failure": {"Error": "EnvironmentBusyError", "Cause": "held"},
        }
    )
    report_outcome(event, clients=clients)
    assert record(clients).lock.execution == EXECUTION
    assert clients.events.entries[0]["DetailType"] == "Environment Failed"
    late = FailureEvent.model_validate(
        {"execution": OTHER, "request": {}, "failure": {"Error": "X", "Cause": "y"}}
    )
    with pytest.raises(LockLostError):
        record_failure(late, clients=clients)


def test_a_failed_smoke_test_says_nothing_against_what_serves(clients: Clients) -> None:
    for request in (
        {"environment": "dev", "action": "smokeTest"},
        {"environment": "dev", "action": "teardown", "dryRun": True},
    ):
        records = Records(clients.dynamodb, "environments")
        records.acquire("dev", EXECUTION, lambda _: True, {"state": "READY", "state_reason": None})
        failure = {"Error": "SmokeTestError", "Cause": "no match"}
        # The definition takes both steps, in this order.
        record_failure(
            FailureEvent.model_validate(
                {"execution": EXECUTION, "request": request, "failure": failure}
            ),
            clients=clients,
        )
        report(clients, request=request, failure=failure)
        assert (record(clients).state, record(clients).state_reason) == ("READY", None)


@pytest.mark.parametrize(
    "request_as_given", [None, [], "text", {"environment": "NOT VALID"}, {"environment": 3}]
)
def test_an_input_that_names_no_environment_is_still_reported(
    clients: Clients, request_as_given: Any
) -> None:
    outcome = report(
        clients, request=request_as_given, failure={"Error": "InvalidRequestError", "Cause": "bad"}
    )
    assert outcome.failure.error == "InvalidRequestError"
    assert outcome.output["environment"] is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InternalFailure", ServiceUnavailableError),
        ("ThrottlingException", ServiceUnavailableError),
        ("NotAuthorizedForSourceException", AwsCallError),
    ],
)
def test_an_event_that_is_refused_is_an_error_that_heals_or_not(
    clients: Clients, code: str, error: type[Exception]
) -> None:
    clients.events.refuses = code
    with pytest.raises(error, match=code):
        report(clients)
    clients.events.refuses = None
    report(clients)
    assert len(clients.events.entries) == 1


FAILED = {"Error": "SmokeTestError", "Cause": "check 'it answers': no"}
BACK = {"action": "rollback", "environment": "dev", "version": "2"}
OF_LIVE = {"passed": False, "endpoint": "live"}
OF_CANDIDATE = {"passed": True, "endpoint": "candidate"}


def going_back(**more: Any) -> dict[str, Any]:
    way = {"fromVersion": "3", "toVersion": "2", "smokeTest": OF_LIVE}
    return {"request": BACK, "verification": FAILED, "autoRollback": way, **more}


def live(clients: Clients, version: str, **more: Any) -> None:
    runtime = RuntimeRecord(name="n", id="r", live_version=version, **more)
    Records(clients.dynamodb, "environments").update("dev", EXECUTION, runtime=runtime)


def test_a_verification_that_rolled_back_fails_and_leaves_the_environment_ready(
    clients: Clients,
) -> None:
    live(clients, "2")
    outcome = report(clients, **going_back(smokeTest=OF_CANDIDATE))
    said = "rolled back from 3 to 2, which passed the same gate; check 'it answers': no"
    assert (outcome.failure.error, outcome.failure.cause) == ("SmokeTestError", said)
    found = record(clients)
    assert (found.state, found.state_reason) == ("READY", f"SmokeTestError: {said}")
    assert (found.lock, found.proven_request) == (None, found.request)
    (entry,) = clients.events.entries
    assert entry["DetailType"] == "Environment Failed"
    detail = json.loads(entry["Detail"])
    assert detail["failure"] == {"error": "SmokeTestError", "cause": said}
    assert (detail["action"], detail["smokeTest"]) == ("smokeTest", OF_LIVE)
    assert detail["autoRollback"] == {
        "fromVersion": "3",
        "toVersion": "2",
        "rolledBack": True,
        "details": "rolled back from 3 to 2, which passed the same gate",
        "smokeTest": OF_CANDIDATE,
    }
    # Called again, after an answer that was lost.
    assert report(clients, **going_back(smokeTest=OF_CANDIDATE)).failure == outcome.failure


def test_a_rollback_that_fails_too_says_why_and_what_live_serves(clients: Clients) -> None:
    live(clients, "3")
    kept = FailedSmokeTest(execution=EXECUTION, report={**OF_CANDIDATE, "passed": False})
    Records(clients.dynamodb, "environments").update("dev", EXECUTION, failed_smoke_test=kept)
    failure = {"Error": "SmokeTestError", "Cause": "wrong, too"}
    outcome = report(clients, **going_back(failure=failure))
    assert outcome.failure.cause == (
        "the rollback from 3 to 2 failed, too, and live serves version 3; check 'it answers': no; "
        "the rollback ended with SmokeTestError: wrong, too"
    )
    assert record(clients).state == "FAILED"
    assert outcome.output["smokeTest"] == OF_LIVE
    assert outcome.output["autoRollback"]["rolledBack"] is False
    assert outcome.output["autoRollback"]["smokeTest"]["endpoint"] == "candidate"


def test_a_move_that_was_not_seen_to_end_is_said(clients: Clients) -> None:
    moving = Promotion(execution=EXECUTION, version="2", begun=True)
    live(clients, "3", promotion=moving)
    late = {"Error": "WaitTimeoutError", "Cause": "late"}
    outcome = report(clients, **going_back(failure=late))
    assert (
        "failed, too, and live is on its way from version 3 to version 2" in outcome.failure.cause
    )


def test_a_verification_that_rolls_nothing_back_leaves_the_state(clients: Clients) -> None:
    live(clients, "3")
    before = record(clients).state
    outcome = report(
        clients,
        request={"action": "smokeTest", "environment": "dev"},
        verification=FAILED,
        autoRollback={"fromVersion": "3", "refused": "it is not the version"},
        smokeTest=None,
    )
    assert outcome.failure.cause.startswith(
        "not rolled back, and live serves version 3: it is not the version; check"
    )
    assert record(clients).state == before
    assert outcome.output["autoRollback"]["toVersion"] is None


def test_a_way_back_that_could_not_be_prepared_is_told(clients: Clients) -> None:
    live(clients, "3")
    outcome = report(
        clients,
        request={"action": "smokeTest", "environment": "dev"},
        verification=FAILED,
        failure={"Error": "ThrottledError", "Cause": "slow down"},
    )
    assert outcome.failure.error == "SmokeTestError"
    assert "the rollback ended with ThrottledError: slow down" in outcome.failure.cause
    assert outcome.output["autoRollback"]["fromVersion"] is None
