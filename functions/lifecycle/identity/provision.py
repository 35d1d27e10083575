"""Provision the identity: who may call the runtime, and how the smoke test signs in."""

from __future__ import annotations

from typing import Literal

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.identity import cognito
from lifecycle.identity.late_tags import late_tags
from lifecycle.identity.ledger import IdentityLedger, begin
from lifecycle.identity.oauth import token_endpoint
from lifecycle.request.closed.sign_in import is_closed
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.flow import Flow
from lifecycle.sections.identity import IdentityRecord
from lifecycle.settings import Settings
from lifecycle.table import Records


class AuthOutput(Wire):
    """How callers sign in to the runtime. It has no secrets; what does not apply is null."""

    type: Literal["cognito", "jwt", "iam"]
    flow: Flow | None = None
    discovery_url: str | None = None
    client_id: str | None = None
    user_pool_id: str | None = None
    secret_arn: str | None = None
    scope: str | None = None
    token_endpoint: str | None = None
    allowed_clients: list[str] | None = None
    allowed_audience: list[str] | None = None
    allowed_scopes: list[str] | None = None


class ProvisionedIdentity(Wire):
    """What the stage returns.

    Attributes:
        auth: How callers sign in to the runtime.
        repaired: Manual changes (drift) that were found and repaired, one phrase each.
    """

    auth: AuthOutput
    repaired: list[str]


def provision_identity(event: StageEvent, *, clients: Clients = CLIENTS) -> ProvisionedIdentity:
    """Create what is missing of the identity, repair what was changed, and record every step.

    After a switch of `auth.type` or `auth.flow`, the earlier pool, clients, user and secret stay until the teardown,
    because callers of `live` sign in with them until the new version is promoted.

    Args:
        event: The execution and its request.
        clients: DynamoDB, Cognito and Secrets Manager.

    Returns:
        How callers sign in, and what was repaired.

    Raises:
        AwsCallError: A secret or domain with the environment's name belongs to another owner.
        ServiceUnavailableError: A secret or domain with the environment's name is still being deleted.
        TagsNotVisibleError: AWS refused a call on a resource whose tags are new.
        LockLostError: Another execution took the environment over.
    """
    settings = Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    ledger = open_ledger(event, records)
    converge(event, clients, ledger, settings.stack_name)
    return ProvisionedIdentity(
        auth=describe_auth(ledger.identity, clients), repaired=ledger.repaired
    )


def open_ledger(event: StageEvent, records: Records) -> IdentityLedger:
    """The identity section that a provision starts from.

    Raises:
        LockLostError: Another execution took the environment over.
    """
    environment, execution = event.request.environment, event.execution
    record = records.held(environment, execution)
    live = record.runtime.live_identity if record.runtime else None
    identity = begin(record.identity, event.request.auth, live)
    # The gateway is not looked at yet. Until it is, a closed runtime stays closed to the one that it had.
    before = record.identity.only_gateway if record.identity else None
    closed = is_closed(event.request, record)
    identity = identity.model_copy(update={"only_gateway": before if closed else None})
    return IdentityLedger(records, environment, execution, identity, record.identity)


def converge(event: StageEvent, clients: Clients, ledger: IdentityLedger, stack: str) -> None:
    """Create what is missing of the identity, repair what was changed, and note every step in the ledger.

    Args:
        event: The execution and its request.
        clients: Cognito and Secrets Manager.
        ledger: From `open_ledger`.
        stack: The stack's name.

    Raises:
        LifecycleError: As `provision_identity`.
    """
    request = event.request
    if request.auth.type == "cognito":
        with late_tags(lambda: ledger.identity.tagged_at):
            cognito.converge(
                ledger,
                clients,
                name=names.resource_name(stack, request.environment),
                secret_name=names.secret_name(
                    stack, request.environment, request.auth.cognito_flow
                ),
                domain_of=lambda account: names.domain_prefix(account, stack, request.environment),
                tags={**request.tags, **names.tags(stack, request.environment)},
            )
    else:
        ledger.note(last=True)


def describe_auth(identity: IdentityRecord, clients: Clients) -> AuthOutput:
    """Describe how callers sign in to a runtime with this identity.

    Args:
        identity: The identity section of the record.
        clients: Cognito, for the URL of its token endpoint; not called.

    Returns:
        The part `auth` of the output.
    """
    output = AuthOutput(
        type=identity.type,
        flow=identity.flow,
        discovery_url=identity.discovery_url,
        allowed_clients=identity.allowed_clients,
        allowed_audience=identity.allowed_audience,
        allowed_scopes=identity.allowed_scopes,
    )
    if identity.type == "jwt":
        return output.model_copy(update={"secret_arn": identity.token_secret_arn})
    if identity.type == "iam":
        return output
    machine = identity.flow == "clientCredentials" and identity.domain is not None
    return output.model_copy(
        update={
            "client_id": identity.client_id,
            "user_pool_id": identity.user_pool_id,
            "secret_arn": identity.secret_arn,
            "scope": identity.scope,
            "token_endpoint": token_endpoint(clients.cognito, str(identity.domain))
            if machine
            else None,
        }
    )
