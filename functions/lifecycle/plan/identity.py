"""What would happen to the identity: the stage's own code, with a Cognito and a Secrets Manager that only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle import names
from lifecycle.errors import TagsNotVisibleError
from lifecycle.identity import provision
from lifecycle.identity.ledger import IdentityLedger, Resource
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.output import PlannedResource
from lifecycle.plan.reading import Act, Answer, ReadingClients, unmade
from lifecycle.request.stage_event import StageEvent

_PASSWORD: tuple[Resource, ...] = (
    "user pool",
    "app client",
    "probe client",
    "test user",
    "secret",
)
_MACHINE: tuple[Resource, ...] = (
    "user pool",
    "resource server",
    "domain",
    "app client",
    "probe client",
    "secret",
)
# What a call does, in words, unless it creates or repairs.
_WORDS = {
    "update_user_pool": "its tags are set",
    "admin_set_user_password": "a new password is set",
    "get_random_password": "a new value is written",
    "put_secret_value": "a new value is written",
    "tag_resource": "its tags are set",
}


def identity_answers(event: StageEvent, stack: str) -> dict[str, dict[str, Answer]]:
    """The answers to the calls that would change Cognito or Secrets Manager, for `ReadingClients`.

    Args:
        event: The execution and its request.
        stack: The stack's name.
    """
    pool = unmade("the user pool")
    probes = _probes(event, stack)

    def nothing(_: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def new_pool(parameters: Mapping[str, Any]) -> dict[str, Any]:
        # The domain's name is made of the account in the pool's ARN. The execution's ARN has the same.
        parts = [*event.execution.split(":"), *[""] * 5]
        arn = ":".join(["arn", parts[1], "cognito-idp", parts[3], parts[4], f"userpool/{pool}"])
        return {"UserPool": {"Id": pool, "Arn": arn, "Name": parameters["PoolName"]}}

    def new_client(parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["ClientName"]
        client_id = unmade(f"the {'probe client' if name in probes else 'app client'}")
        return {
            "UserPoolClient": {"ClientId": client_id, "ClientName": name, "ClientSecret": client_id}
        }

    def new_secret(parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {"ARN": unmade("the secret"), "Name": parameters["Name"]}

    return {
        "cognito": {
            "create_user_pool": new_pool,
            "create_user_pool_client": new_client,
            **dict.fromkeys(
                (
                    "update_user_pool",
                    "tag_resource",
                    "update_user_pool_client",
                    "create_resource_server",
                    "update_resource_server",
                    "create_user_pool_domain",
                    "admin_create_user",
                    "admin_enable_user",
                    "admin_set_user_password",
                ),
                nothing,
            ),
        },
        "secrets": {
            "create_secret": new_secret,
            "get_random_password": lambda _: {"RandomPassword": unmade("the password")},
            **dict.fromkeys(("restore_secret", "tag_resource", "put_secret_value"), nothing),
        },
    }


def plan_identity(
    event: StageEvent, clients: ReadingClients, records: DraftRecords, stack: str
) -> tuple[list[PlannedResource], list[str]]:
    """Let the stage run, and tell what it would have done.

    Args:
        event: The execution and its request.
        clients: With the answers of `identity_answers`.
        records: Gets the identity as it would be.
        stack: The stack's name.

    Returns:
        Each resource, and what cannot be known.

    Raises:
        LifecycleError: As `provision_identity`.
    """
    ledger = provision.open_ledger(event, records)
    not_known = []
    before = len(clients.acts)
    try:
        provision.converge(event, clients, ledger, stack)
    except TagsNotVisibleError:
        # Somebody has removed the pool's tags, without which the function may not look into it, and it sets none.
        if not any("ResourceArn" in act.parameters for act in clients.acts[before:]):
            raise
        not_known.append(
            "what differs in the user pool beside its tags: it may be read only when it has its tags again"
        )
    acts = clients.acts[before:]
    if event.request.auth.type != "cognito":
        return [], not_known
    machine = event.request.auth.cognito_flow == "clientCredentials"
    done = [(_resource(act, ledger, _probes(event, stack)), act) for act in acts]
    planned = [_planned(name, ledger, done) for name in (_MACHINE if machine else _PASSWORD)]
    if not_known:
        planned = [item for item in planned if item.change != "unchanged"]
    return planned, not_known


def _planned(
    resource: Resource, ledger: IdentityLedger, acts: list[tuple[Resource, Act]]
) -> PlannedResource:
    repaired = [phrase for about, phrase in ledger.repairs if about == resource]
    if repaired:
        return PlannedResource(resource=resource, change="repair", details=repaired)
    own = [act for about, act in acts if about == resource]
    created = [act for act in own if "create" in act.operation]
    if created:
        named = [_name(act) for act in created]
        return PlannedResource(resource=resource, change="create", details=named)
    done = [_WORDS.get(act.operation, "its settings are set") for act in own]
    return PlannedResource(
        resource=resource,
        change="update" if own else "unchanged",
        details=list(dict.fromkeys(done)),
    )


def _resource(act: Act, ledger: IdentityLedger, probes: set[str]) -> Resource:
    """The resource that a call would change, or make a value for."""
    parameters = act.parameters
    if "SecretId" in parameters or act.operation in ("create_secret", "get_random_password"):
        return "secret"
    if "ClientName" in parameters:
        known = parameters.get("ClientId", "") == ledger.identity.probe_client_id
        return "probe client" if known or parameters["ClientName"] in probes else "app client"
    if "Username" in parameters:
        return "test user"
    if "resource_server" in act.operation:
        return "resource server"
    if "domain" in act.operation:
        return "domain"
    return "user pool"


def _probes(event: StageEvent, stack: str) -> set[str]:
    """The names that a probe client may have."""
    name = names.resource_name(stack, event.request.environment)
    flow = event.request.auth.cognito_flow
    return {names.client_name(name, flow, probe=True)}


def _name(act: Act) -> str:
    for member in ("PoolName", "ClientName", "Username", "Domain", "Identifier", "Name"):
        if member in act.parameters:
            return str(act.parameters[member])
    return act.operation
