"""Canaries for `local/moto/deliveries.py` and `local/moto/xray.py`."""

from __future__ import annotations

from collections.abc import Callable

import boto3
from botocore.exceptions import ClientError

from tests.local.moto.canaries.machines import code_of

CLOUDFRONT = "arn:aws:cloudfront::123456789012:distribution/E1Q5O5EXAMPLE"


def agentcore_sources() -> bool:
    arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r-0123456789"
    logs = boto3.client("logs")
    code = code_of(logs.put_delivery_source, name="s", resourceArn=arn, logType="APPLICATION_LOGS")
    return code == "ResourceNotFoundException"


def deliveries_in_use() -> bool:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="g")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:g"
    logs.put_delivery_source(name="t", resourceArn=CLOUDFRONT, logType="ACCESS_LOGS")
    made = logs.put_delivery_destination(
        name="d", deliveryDestinationConfiguration={"destinationResourceArn": group}
    )["deliveryDestination"]
    logs.create_delivery(deliverySourceName="t", deliveryDestinationArn=made["arn"])
    return code_of(logs.delete_delivery_source, name="t") is None


def span_destination() -> bool:
    try:
        boto3.client("xray").get_trace_segment_destination()
    except (ClientError, NotImplementedError):
        return True
    return False


CANARIES: list[Callable[[], bool]] = [agentcore_sources, deliveries_in_use, span_destination]
