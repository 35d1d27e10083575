"""Which permissions a request needs: action, resource and what its conditions can look at.

Services whose requests need more than one action on one resource have functions of their own.
"""

from __future__ import annotations

from local.edge.iam.actions import PREFIXES, action_name
from local.edge.iam.agentcore import of_agentcore, of_invocation
from local.edge.iam.deliveries import of_logs
from local.edge.iam.permission import Members, Permission, Place, request_tags
from local.edge.iam.resources import context_of, resource_of
from local.edge.iam.s3 import of_s3
from local.edge.iam.services import of_builds, of_events, of_models, of_tables

FREE = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
"""Operations that need no permission, and that no policy can deny (STS API reference)."""


def permissions(service: str, operation: str, members: Members, place: Place) -> list[Permission]:
    """Return everything that a caller needs to be allowed for a request.

    Args:
        service: botocore's name of the service.
        operation: botocore's name of the operation.
        members: The request's input by its names on the wire.
        place: Region and account.
    """
    if (service, operation) in FREE:
        return []
    prefix = PREFIXES.get(service, service)
    action = f"{prefix}:{action_name(service, operation)}"
    special = {
        "s3": of_s3,
        "bedrock-runtime": of_models,
        "codebuild": of_builds,
        "dynamodb": of_tables,
        "events": of_events,
        "bedrock-agentcore": of_invocation,
        "bedrock-agentcore-control": of_agentcore,
    }.get(service)
    if special is not None:
        return [*special(operation, members, place)]
    found = resource_of(service, operation, members, place)
    tags = request_tags(members)
    context = tags | context_of(service, members)
    needed = [Permission(action, found, context)]
    if service == "logs":
        needed += of_logs(operation, members, place)
    if operation == "CreateUserPool" and tags:
        made = place.arn(service, "userpool/*")
        needed.append(Permission("cognito-idp:TagResource", made, tags))
    if operation in ("UpdateUserPool", "CreateSecret") and tags:
        needed.append(Permission(f"{prefix}:TagResource", found, tags))
    return needed
