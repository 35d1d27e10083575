"""Prepare the request: nothing is made before the input is known to be right and the lock is held."""

import json
from typing import Any

import boto3
import pytest

from lifecycle.clients import Clients
from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import (
    ArtifactChangeError,
    EnvironmentBusyError,
    EnvironmentNotFoundError,
    InvalidRequestError,
)
from lifecycle.request.preparation import PrepareEvent, execution_is_running, prepare_request
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.table import Records
from lifecycle.telemetry.section import TelemetryRecord

ARN = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:"


class FakeExecutions:
    """Step Functions, as far as the lock asks it: which executions run."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self._client = boto3.client("stepfunctions", region_name="us-east-1")

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if executionArn not in self.statuses:
            result: dict[str, Any] = self._client.describe_execution(executionArn=executionArn)
            return result
        return {"status": self.statuses[executionArn]}


@pytest.fixture
def clients(table_clients: Clients) -> Clients:
    table_clients.stepfunctions = FakeExecutions()
    return table_clients


def prepare(clients: Clients, execution: str, event: Any) -> Any:
    return prepare_request(
        PrepareEvent(execution=ARN + execution, input=event), clients=clients
    ).request


def records(clients: Clients) -> Records:
    return Records(clients.dynamodb, "environments")


def test_a_refused_input_leaves_no_record(clients: Clients) -> None:
    with pytest.raises(InvalidRequestError):
        prepare(clients, "a", {"colour": "red"})
    assert list(records(clients).all()) == []


def test_provision_makes_the_record_with_request_expiry_and_lock(clients: Clients) -> None:
    request = prepare(clients, "a", {"ttlHours": 2})
    record = records(clients).get("dev")
    assert request.environment == "dev"
    assert record is not None
    assert record.lock is not None
    assert record.lock.execution == f"{ARN}a"
    assert record.request == request.to_json()
    assert record.expires_at is not None


class FakeXray:
    """X-Ray, as far as it says where the spans go."""

    def __init__(self, destination: str, status: str = "ACTIVE") -> None:
        self._answer = {"Destination": destination, "Status": status}

    def get_trace_segment_destination(self) -> dict[str, str]:
        return self._answer


@pytest.mark.parametrize(
    ("destination", "status", "said"),
    [
        ("XRay", "ACTIVE", "off in this account and Region; switch it on once: aws logs put-"),
        ("CloudWatchLogs", "PENDING", r"being switched on .* \(status PENDING\); try again"),
    ],
)
def test_observability_is_refused_before_anything_is_created(
    clients: Clients, destination: str, status: str, said: str
) -> None:
    clients.__dict__["xray"] = FakeXray(destination, status)
    with pytest.raises(InvalidRequestError, match=f"^observability: given true.*{said}") as caught:
        prepare(clients, "a", {"observability": True})
    assert list(records(clients).all()) == []
    # A cause is cut at 1,000 characters, and the last of the commands counts most.
    assert len(str(caught.value)) < 1000


def test_the_policy_in_the_cause_is_one_document_of_this_account(clients: Clients) -> None:
    clients.__dict__["xray"] = FakeXray("XRay")
    with pytest.raises(InvalidRequestError) as caught:
        prepare(clients, "a", {"observability": True})
    (statement,) = json.loads(str(caught.value).split("'")[1])["Statement"]
    assert statement["Principal"] == {"Service": "xray.amazonaws.com"}
    assert "arn:aws:logs:us-east-1:123456789012:log-group:aws/spans:*" in statement["Resource"]


def test_only_who_delivers_or_removes_enters_the_stage(clients: Clients) -> None:
    class NoXray:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    def telemetry(execution: str, given: dict[str, Any]) -> bool:
        event = PrepareEvent(execution=ARN + execution, input=given)
        prepared = prepare_request(event, clients=clients)
        clients.stepfunctions.statuses[ARN + execution] = "SUCCEEDED"
        return prepared.telemetry

    clients.__dict__["xray"] = NoXray()
    assert telemetry("a", {}) is False
    assert telemetry("b", {"action": "teardown"}) is False
    clients.__dict__["xray"] = FakeXray("CloudWatchLogs")
    assert telemetry("c", {"observability": True}) is True
    clients.__dict__["xray"] = NoXray()
    section = TelemetryRecord(log_group="g")
    records(clients).update("dev", f"{ARN}c", telemetry=section)
    assert telemetry("d", {}) is True
    assert telemetry("e", {"action": "smokeTest"}) is False
    assert telemetry("f", {"action": "teardown"}) is True
    # Found by its tags alone: nobody knows what it has.
    records(clients).adopt("lost", f"{ARN}sweep")
    assert telemetry("g", {"action": "teardown", "environment": "lost"}) is True


def test_only_who_has_or_wants_a_gateway_enters_its_stages(clients: Clients) -> None:
    def gateway(execution: str, given: dict[str, Any]) -> bool:
        event = PrepareEvent(execution=ARN + execution, input=given)
        prepared = prepare_request(event, clients=clients)
        clients.stepfunctions.statuses[ARN + execution] = "SUCCEEDED"
        return prepared.gateway

    assert gateway("a", {}) is False
    assert gateway("b", {"action": "teardown"}) is False
    assert gateway("c", {"gateway": {"type": "runtime"}}) is True
    # The execution ended before it made one.
    assert gateway("d", {"action": "smokeTest"}) is False
    records(clients).update("dev", f"{ARN}d", gateway=GatewayRecord(name="g"))
    assert gateway("e", {}) is True
    assert gateway("f", {"action": "smokeTest"}) is True
    assert gateway("g", {"action": "teardown"}) is True
    # Found by its tags alone: nobody knows what it has.
    records(clients).adopt("lost", f"{ARN}sweep")
    assert gateway("h", {"action": "teardown", "environment": "lost"}) is True


@pytest.mark.parametrize("action", ["teardown", "smokeTest", "rollback"])
def test_observability_is_only_for_provision(clients: Clients, action: str) -> None:
    with pytest.raises(InvalidRequestError, match="observability: given true, allowed: true only"):
        prepare(clients, "a", {"action": action, "observability": True})


def test_a_running_holder_is_named_and_a_finished_one_is_taken_over(clients: Clients) -> None:
    prepare(clients, "a", {})
    clients.stepfunctions.statuses[f"{ARN}a"] = "RUNNING"
    with pytest.raises(EnvironmentBusyError, match=f"{ARN}a"):
        prepare(clients, "b", {})
    clients.stepfunctions.statuses[f"{ARN}a"] = "ABORTED"
    prepare(clients, "b", {})
    record = records(clients).get("dev")
    assert record is not None
    assert record.lock is not None
    assert record.lock.execution == f"{ARN}b"


def test_an_execution_that_step_functions_forgot_does_not_run(clients: Clients) -> None:
    assert execution_is_running(clients.stepfunctions, f"{ARN}forgotten") is False


@pytest.mark.parametrize("action", ["teardown", "smokeTest"])
def test_only_provision_works_without_a_record(clients: Clients, action: str) -> None:
    with pytest.raises(EnvironmentNotFoundError, match="'dev' has no record in environments"):
        prepare(clients, "a", {"action": action})
    assert list(records(clients).all()) == []


def test_smoke_test_takes_identity_and_question_from_the_last_provision(clients: Clients) -> None:
    prepare(
        clients, "a", {"auth": {"type": "iam"}, "smokeTest": {"prompt": "first", "expect": "1"}}
    )
    request = prepare(clients, "b", {"action": "smokeTest", "smokeTest": {"prompt": "second"}})
    assert request.auth.type == "iam"
    assert (request.smoke_test.prompt, request.smoke_test.expect) == ("second", "1")


@pytest.mark.parametrize("protocol", ["HTTP", "MCP"])
def test_a_websocket_is_of_the_runtime_that_is_there(clients: Any, protocol: str) -> None:
    asked = {"webSocket": True} if protocol == "HTTP" else {}
    prepare(clients, "a", {"runtime": {"protocol": protocol}, "smokeTest": asked})
    if protocol == "HTTP":
        assert prepare(clients, "b", {"action": "smokeTest"}).smoke_test.web_socket
        off = {"action": "smokeTest", "smokeTest": {"webSocket": False}}
        assert not prepare(clients, "c", off).smoke_test.web_socket
        return
    # The input's own protocol does not count: it is a default.
    with pytest.raises(
        InvalidRequestError,
        match=r"^smokeTest\.webSocket: given true, allowed: true only .*; the runtime's protocol is MCP$",
    ):
        prepare(clients, "b", {"action": "smokeTest", "smokeTest": {"webSocket": True}})


def test_a_provision_that_failed_since_does_not_change_what_live_is_asked(clients: Clients) -> None:
    good = prepare(clients, "a", {"smokeTest": {"prompt": "good"}})
    records(clients).release("dev", f"{ARN}a", state="READY", proven_request=good.to_json())
    prepare(clients, "b", {"smokeTest": {"prompt": "bad", "expect": "never"}})
    records(clients).release("dev", f"{ARN}b", state="FAILED")
    request = prepare(clients, "c", {"action": "smokeTest"})
    assert (request.smoke_test.prompt, request.smoke_test.expect) == ("good", r"\S")


def test_looking_on_changes_nothing_in_the_record(clients: Clients) -> None:
    prepare(clients, "a", {})
    records(clients).release("dev", f"{ARN}a", state="READY")
    for name, event in {
        "b": {"action": "smokeTest"},
        "c": {"action": "teardown", "dryRun": True},
        "d": {"dryRun": True, "ttlHours": 1, "runtime": {"description": "another"}},
    }.items():
        prepare(clients, name, event)
        record = records(clients).get("dev")
        assert record is not None
        assert record.state == "READY"
        assert record.expires_at is None
        assert record.request is not None
        assert record.request["runtime"]["description"] is None
        records(clients).release("dev", ARN + name)


def test_a_dry_run_of_what_does_not_exist_leaves_no_record(clients: Clients) -> None:
    request = prepare(clients, "a", {"dryRun": True, "environment": "new"})
    assert (request.action, request.dry_run) == ("provision", True)
    assert list(records(clients).all()) == []


def test_a_dry_run_waits_for_nobody_else(clients: Clients) -> None:
    prepare(clients, "a", {})
    clients.stepfunctions.statuses[f"{ARN}a"] = "RUNNING"
    with pytest.raises(EnvironmentBusyError, match=f"{ARN}a"):
        prepare(clients, "b", {"dryRun": True})


def test_a_change_of_the_kind_of_artifact_is_refused_before_anything_is_touched(
    clients: Clients,
) -> None:
    prepare(clients, "a", {})
    runtime = RuntimeRecord(name="r", id="r-0123456789", artifact_type="container")
    records(clients).release("dev", f"{ARN}a", state="READY", runtime=runtime)
    with pytest.raises(
        ArtifactChangeError, match=r"artifact\.type: given 'code', allowed: 'container'"
    ):
        prepare(clients, "b", {"artifact": {"type": "code"}})
    record = records(clients).get("dev")
    assert record is not None
    assert (record.lock, record.state) == (None, "READY")
