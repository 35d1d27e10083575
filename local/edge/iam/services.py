"""Which permissions a request needs to DynamoDB, CodeBuild, EventBridge or Amazon Bedrock's models.

Source: the service authorization reference's pages of these services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.edge.iam.actions import action_name
from local.edge.iam.permission import Members, Permission, Place, request_tags, resource_of_list

_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
"""The action of each part of a DynamoDB transaction (developer guide, "DynamoDB transactions and IAM")."""


def of_builds(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request to CodeBuild needs."""
    named = [
        str(item).partition(":")[0]
        for item in members.get("ids") or members.get("names") or [members.get("id")]
        if item
    ]
    project = members.get("projectName") or (
        members.get("name") if operation.endswith("Project") else None
    )
    for name in [project] if project else sorted({*named}):
        yield Permission(f"codebuild:{operation}", place.arn("codebuild", f"project/{name}"))
    if project is None and not named:
        yield Permission(f"codebuild:{operation}", resource_of_list(operation, members))


def of_tables(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request to DynamoDB needs."""

    def table(name: str) -> str:
        return place.arn("dynamodb", f"table/{name}")

    if operation in ("TransactGetItems", "TransactWriteItems"):
        for item in members.get("TransactItems", []):
            for part, of in item.items():
                if part in _TRANSACTIONS:
                    yield Permission(f"dynamodb:{_TRANSACTIONS[part]}", table(of.get("TableName")))
        return
    action = f"dynamodb:{operation}"
    if isinstance(members.get("RequestItems"), dict):
        for name in members["RequestItems"]:
            yield Permission(action, table(name))
    elif "TableName" in members:
        index = f"/index/{members['IndexName']}" if "IndexName" in members else ""
        yield Permission(action, table(members["TableName"]) + index, request_tags(members))
    else:
        yield Permission(action, members.get("ResourceArn") or resource_of_list(operation, members))


def of_models(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request to a model of Amazon Bedrock needs."""
    model = str(members.get("modelId"))
    action = f"bedrock:{action_name('bedrock-runtime', operation)}"
    if model.startswith("arn:") and ":inference-profile/" not in model:
        yield Permission(action, model)
        return
    model = model.rpartition("/")[2] if model.startswith("arn:") else model
    profile = re.match(r"(?:global|us|eu|jp|apac|au)\.(?P<model>.+)", model)
    if profile is None:
        yield Permission(action, f"arn:aws:bedrock:{place.region}::foundation-model/{model}")
        return
    # A profile needs itself and the model behind it, here and wherever the request may be routed to.
    arn = place.arn("bedrock", f"inference-profile/{model}")
    yield Permission(action, arn)
    for region in (place.region, ""):
        behind = f"arn:aws:bedrock:{region}::foundation-model/{profile['model']}"
        yield Permission(action, behind, {"bedrock:InferenceProfileArn": arn})


def of_events(operation: str, members: Members, place: Place) -> Iterator[Permission]:
    """Return what a request to EventBridge needs."""
    for entry in members.get("Entries", [{}]):
        bus = entry.get("EventBusName", "default")
        yield Permission(f"events:{operation}", place.arn("events", f"event-bus/{bus}"))
