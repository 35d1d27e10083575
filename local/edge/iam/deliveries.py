"""What a request to CloudWatch Logs needs besides the action of its own name.

Sources: CloudWatch Logs user guide, "Logging that requires additional permissions [V2]", with "Logs sent to CloudWatch
Logs" and "Traces sent to X-Ray"; service authorization reference, "Amazon CloudWatch Logs".
"""

from __future__ import annotations

from collections.abc import Iterator

from local.edge.iam.permission import ANY_RESOURCE, Members, Permission, Place, request_tags

# With these of the caller's, AWS lets its services write to the destination.
_TO_LOGS = ("logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups")
_TO_XRAY = (
    "xray:PutResourcePolicy",
    "xray:ListResourcePolicies",
    "xray:GetTraceSegmentDestination",
)


def of_logs(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request needs besides.

    AWS says what whoever sets up a delivery needs, not by which of the calls. It is asked for where the kind of the
    destination is told.
    """
    if operation == "PutDeliverySource":
        resource = str(members.get("resourceArn"))
        service = resource.split(":")[2] if resource.count(":") > 1 else "logs"
        yield Permission(f"{service}:AllowVendedLogDeliveryForResource", resource)
    if operation == "PutDeliveryDestination":
        traces = members.get("deliveryDestinationType") == "XRAY"
        for action in _TO_XRAY if traces else _TO_LOGS:
            yield Permission(action, ANY_RESOURCE)
    if operation == "CreateDelivery":
        name = members.get("deliverySourceName")
        yield Permission("logs:CreateDelivery", place.arn("logs", f"delivery-source:{name}"))
        yield Permission("logs:CreateDelivery", str(members.get("deliveryDestinationArn")))
    made = {
        "PutDeliverySource": f"delivery-source:{members.get('name')}",
        "PutDeliveryDestination": f"delivery-destination:{members.get('name')}",
        "CreateDelivery": "delivery:*",
        "CreateLogGroup": f"log-group:{members.get('logGroupName')}",
    }.get(operation)
    tags = request_tags(members)
    if made is not None and tags:
        yield Permission("logs:TagResource", place.arn("logs", made), tags)
