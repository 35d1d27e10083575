"""What delivers the logs and traces of environment `dev`, as CloudWatch Logs has it, and what changes it by hand."""

from __future__ import annotations

from typing import Any

from tests.functions.lifecycle.runtime_clients import REGION
from tests.functions.lifecycle.runtime_world import ACCOUNT

GROUP = "/aws/vendedlogs/bedrock-agentcore/runtime/stack/dev"
SOURCES = {
    "APPLICATION_LOGS": "stack_dev-logs",
    "USAGE_LOGS": "stack_dev-usage",
    "TRACES": "stack_dev-traces",
}
EVERYTHING = [
    "delivery of stack_dev-logs to stack_dev-logs",
    "delivery of stack_dev-traces to stack_dev-traces",
    "delivery of stack_dev-usage to stack_dev-logs",
    "destination stack_dev-logs",
    "destination stack_dev-traces",
    f"log group {GROUP}",
    "source stack_dev-logs",
    "source stack_dev-traces",
    "source stack_dev-usage",
]


def arn(resource: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:{resource}"


def there(logs: Any) -> list[str]:
    """Everything that delivers in the account, without the log group of the spans."""
    found = [
        f"log group {group['logGroupName']}"
        for group in logs.describe_log_groups()["logGroups"]
        if group["logGroupName"] != "aws/spans"
    ]
    found += [
        f"source {each['name']}" for each in logs.describe_delivery_sources()["deliverySources"]
    ]
    places = {}
    for each in logs.describe_delivery_destinations()["deliveryDestinations"]:
        places[each["arn"]] = each["name"]
        found.append(f"destination {each['name']}")
    for each in logs.describe_deliveries()["deliveries"]:
        to = places[each["deliveryDestinationArn"]]
        found.append(f"delivery of {each['deliverySourceName']} to {to}")
    return sorted(found)


def delivery_of(logs: Any, source: str) -> str:
    (found,) = logs.describe_deliveries(deliverySourceNames=[source])["deliveries"]
    return str(found["id"])


def group_destination(logs: Any, name: str, group: str) -> str:
    made = logs.put_delivery_destination(
        name=name,
        deliveryDestinationConfiguration={"destinationResourceArn": arn(f"log-group:{group}")},
    )
    return str(made["deliveryDestination"]["arn"])
