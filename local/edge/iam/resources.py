"""Which resource a request names, and the condition keys of its service, where the operation is the action.

Source: the service authorization reference's pages of the services below.
"""

from __future__ import annotations

from local.edge.iam.permission import ANY_RESOURCE, Members, Place, resource_of_list


def resource_of(service: str, operation: str, members: Members, place: Place) -> str | None:
    """Return the ARN of a request's resource; `None` where it is not known here."""
    if service == "cognito-idp":
        pool = members.get("UserPoolId")
        if "ResourceArn" in members:
            return str(members["ResourceArn"])
        return place.arn("cognito-idp", f"userpool/{pool}") if pool else ANY_RESOURCE
    if service == "secretsmanager":
        name = members.get("SecretId") or members.get("Name")
        if name is None or str(name).startswith("arn:"):
            return name or ANY_RESOURCE
        # An ARN ends in six characters of Secrets Manager's own.
        return place.arn("secretsmanager", f"secret:{name}-??????")
    if service == "ecr":
        name = members.get("repositoryName")
        return place.arn("ecr", f"repository/{name}") if name else ANY_RESOURCE
    if service == "logs":
        if "Deliver" in operation or "Deliveries" in operation or "resourceArn" in members:
            return _of_delivery(operation, members, place)
        # Policies name groups by an ARN that ends in `:*` (CloudWatch Logs API reference, "LogGroup").
        group, stream = members.get("logGroupName", ""), members.get("logStreamName", "")
        return place.arn("logs", f"log-group:{group}:log-stream:{stream}")
    if service == "stepfunctions":
        named = members.get("stateMachineArn") or members.get("executionArn")
        if named is None and operation == "CreateStateMachine":
            named = place.arn("states", f"stateMachine:{members.get('name')}")
        return named or members.get("resourceArn") or resource_of_list(operation, members)
    if service == "lambda":
        name = members.get("FunctionName")
        return (
            place.arn("lambda", f"function:{name}")
            if name
            else resource_of_list(operation, members)
        )
    if service == "sqs":
        url = members.get("QueueUrl")
        return (
            place.arn("sqs", str(url).rpartition("/")[2])
            if url
            else resource_of_list(operation, members)
        )
    if service == "sns":
        return (
            members.get("TopicArn")
            or members.get("TargetArn")
            or members.get("ResourceArn")
            or resource_of_list(operation, members)
        )
    if service == "sts":
        return members.get("RoleArn") or ANY_RESOURCE
    if service == "resourcegroupstaggingapi":
        return ANY_RESOURCE
    return resource_of_list(operation, members)


def _of_delivery(operation: str, members: Members, place: Place) -> str | None:
    """Return the resource of a request about a delivery, its source or its destination, or about tags."""
    if "resourceArn" in members and operation != "PutDeliverySource":
        return str(members["resourceArn"])
    if operation.endswith("DeliverySource"):
        return place.arn("logs", f"delivery-source:{members.get('name')}")
    if operation.endswith("DeliveryDestination"):
        return place.arn("logs", f"delivery-destination:{members.get('name')}")
    if operation.endswith("Delivery"):
        return place.arn("logs", f"delivery:{members.get('id', '*')}")
    return ANY_RESOURCE


def context_of(service: str, members: Members) -> dict[str, str]:
    """Return the condition keys of a service's own that stand in its request."""
    if service == "cloudwatch" and "Namespace" in members:
        return {"cloudwatch:namespace": str(members["Namespace"])}
    if service == "secretsmanager" and "Name" in members:
        return {"secretsmanager:Name": str(members["Name"])}
    return {}
