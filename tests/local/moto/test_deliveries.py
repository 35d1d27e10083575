"""Deliveries of AgentCore's logs and traces keep the rules that AWS keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.moto import deliveries, seams
from tests.transaction_search import allow_spans

RUNTIME = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r-0123456789"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """CloudWatch Logs of an account with a log group `g` and one runtime."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    seams.install()
    deliveries.resources(lambda arn: arn == RUNTIME)
    with mock_aws():
        client = boto3.client("logs")
        client.create_log_group(logGroupName="g")
        yield client
    deliveries.resources()


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def to_logs(logs: Any, name: str = "d", **more: Any) -> str:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:g"
    made = logs.put_delivery_destination(
        name=name, deliveryDestinationConfiguration={"destinationResourceArn": arn}, **more
    )
    return str(made["deliveryDestination"]["arn"])


def source(logs: Any, name: str, log_type: str = "APPLICATION_LOGS", **more: Any) -> None:
    logs.put_delivery_source(name=name, resourceArn=RUNTIME, logType=log_type, **more)


def test_a_runtime_sends_three_types_and_each_has_one_source(logs: Any) -> None:
    source(logs, "one")
    source(logs, "one")
    source(logs, "two", "USAGE_LOGS", tags={"a": "b"})
    source(logs, "three", "TRACES")
    again = {"name": "four", "resourceArn": RUNTIME, "logType": "TRACES"}
    assert refused(logs.put_delivery_source, **again).startswith(
        "ConflictException: This ResourceId has already been used"
    )
    found = logs.describe_delivery_sources(resourceArns=[RUNTIME])["deliverySources"]
    assert sorted(each["name"] for each in found) == ["one", "three", "two"]
    assert logs.describe_delivery_sources(resourceArns=["other"])["deliverySources"] == []
    assert logs.get_delivery_source(name="two")["deliverySource"]["tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"resourceArn": f"{RUNTIME}x"}, "ResourceNotFoundException"),
        ({"logType": "EVENT_LOGS"}, "ValidationException"),
        ({"logType": "TRACES"}, "ConflictException"),
        ({"tags": {"a": "b"}}, "ConflictException"),
    ],
)
def test_a_source_is_refused(logs: Any, changed: dict[str, Any], code: str) -> None:
    source(logs, "one")
    wanted = {"name": "one", "resourceArn": RUNTIME, "logType": "APPLICATION_LOGS"}
    assert refused(logs.put_delivery_source, **{**wanted, **changed}).startswith(code)


def test_traces_need_transaction_search_and_go_to_xray_alone(logs: Any) -> None:
    xray = boto3.client("xray")
    assert xray.get_trace_segment_destination()["Destination"] == "XRay"
    wanted = {"name": "x", "deliveryDestinationType": "XRAY"}
    assert "supported only with CloudWatch Logs" in refused(logs.put_delivery_destination, **wanted)
    switch = {"Destination": "CloudWatchLogs"}
    assert "does not have permission" in refused(xray.update_trace_segment_destination, **switch)
    allow_spans(logs)
    xray.update_trace_segment_destination(**switch)
    now = xray.get_trace_segment_destination()
    assert (now["Destination"], now["Status"]) == ("CloudWatchLogs", "ACTIVE")
    arn = logs.put_delivery_destination(**wanted)["deliveryDestination"]["arn"]
    source(logs, "logs")
    source(logs, "traces", "TRACES")
    to = {"deliveryDestinationArn": arn}
    assert refused(logs.create_delivery, deliverySourceName="logs", **to).startswith("Validation")
    made = logs.create_delivery(deliverySourceName="traces", **to)["delivery"]
    assert made["deliveryDestinationType"] == "XRAY"
    assert "recordFields" not in made


def test_what_a_delivery_uses_stays(logs: Any) -> None:
    source(logs, "one")
    arn = to_logs(logs)
    made = logs.create_delivery(deliverySourceName="one", deliveryDestinationArn=arn)["delivery"]
    listed = logs.describe_deliveries(deliverySourceNames=["one"])["deliveries"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert logs.describe_deliveries(deliverySourceNames=["two"])["deliveries"] == []
    groups = deliveries.log_groups_of("123456789012", "us-east-1", RUNTIME, "APPLICATION_LOGS")
    assert groups == ["g"]
    assert refused(logs.delete_delivery_source, name="one").startswith("ConflictException")
    assert refused(logs.delete_delivery_destination, name="d").startswith("ConflictException")
    logs.delete_delivery(id=made["id"])
    assert not deliveries.log_groups_of("123456789012", "us-east-1", RUNTIME, "APPLICATION_LOGS")
    logs.delete_delivery_source(name="one")
    logs.delete_delivery_destination(name="d")
    assert refused(logs.get_delivery_source, name="one").startswith("ResourceNotFoundException")


def test_a_destination_must_exist_and_keeps_its_type(logs: Any) -> None:
    nowhere = {"destinationResourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:none"}
    wanted = {"name": "d", "deliveryDestinationConfiguration": nowhere}
    assert refused(logs.put_delivery_destination, **wanted).startswith("ResourceNotFound")
    to_logs(logs, tags={"a": "b"})
    to_logs(logs)
    assert logs.get_delivery_destination(name="d")["deliveryDestination"]["tags"] == {"a": "b"}
    other = {"name": "d", "deliveryDestinationType": "XRAY"}
    assert refused(logs.put_delivery_destination, **other).startswith("ValidationException")
