"""Deploy the credentials: the providers and the agent's role, before the runtime that uses them.

What `live` uses stays until the new version is promoted: the same function runs once more after that, and removes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.credentials.converge import ProviderConverger
from lifecycle.credentials.ledger import CredentialsLedger
from lifecycle.credentials.removal import remove_provider
from lifecycle.credentials.rights import PURPOSE, Place, agent_role
from lifecycle.credentials.unused import unused_providers
from lifecycle.credentials.wanted import wanted_providers
from lifecycle.entry import Wire
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record
from lifecycle.request.model import Request
from lifecycle.request.stage_event import StageEvent
from lifecycle.roles.converge import converge_role, remove_role
from lifecycle.sections.credentials import CredentialsChange, ProviderRecord
from lifecycle.settings import Settings
from lifecycle.table import Records


class CredentialsSettings(Settings):
    """The roles of environments.

    Attributes:
        agent_policy_arn: The policy that all agents have.
        role_boundary_arn: The permissions boundary of every role that is made for an environment.
    """

    agent_policy_arn: str
    role_boundary_arn: str


class CredentialsEvent(StageEvent):
    """What the state machine passes to the stage.

    Attributes:
        promoted: The version of the request is live: what only earlier ones use is removed.
    """

    promoted: bool = False


class DeployedProvider(Wire):
    """A credential provider, as the output shows it.

    Attributes:
        name: The name in the input.
        type: `apiKey` or `oauth2`.
        provider: What AgentCore calls it.
        arn: Its ARN.
    """

    name: str
    type: str
    provider: str
    arn: str | None


class DeployedCredentials(Wire):
    """The credentials, as the output shows them.

    Attributes:
        providers: The providers, in the order of the input.
        role_arn: The agent's role; null when no credentials are the agent's.
        change: What the execution did to the providers and the role.
        repaired: Manual changes (drift) that were found and repaired.
    """

    providers: list[DeployedProvider]
    role_arn: str | None
    change: CredentialsChange
    repaired: list[str]


class CredentialsResult(Wire):
    """What `deploy_credentials` returns.

    Attributes:
        credentials: The credentials; null when there are none any more.
        repaired: As in `credentials`.
    """

    credentials: DeployedCredentials | None
    repaired: list[str]


def deploy_credentials(event: CredentialsEvent, *, clients: Clients = CLIENTS) -> CredentialsResult:
    """Converge the credential providers and the agent's role to what the request requires.

    Args:
        event: The stage's event.
        clients: DynamoDB, AgentCore and IAM.

    Returns:
        The providers, what was done and what was repaired.

    Raises:
        CredentialsError: AgentCore could not make a provider, or somebody else has its name or the role's.
        ServiceUnavailableError: AgentCore is busy with a provider.
    """
    settings = CredentialsSettings.load()
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(event.request.environment, event.execution)
    return converge(event, clients, records, record, settings)


def converge(
    event: CredentialsEvent,
    clients: Clients,
    records: Records,
    record: Record,
    settings: CredentialsSettings,
    *,
    remove: Callable[[Any, ProviderRecord, str, str], bool] = remove_provider,
) -> CredentialsResult:
    """Do what `deploy_credentials` does.

    Args:
        event: The stage's event.
        clients: AgentCore and IAM.
        records: The environments' records.
        record: The environment's.
        settings: The stack and what its roles have.
        remove: Removes a provider; a plan passes one that only says so.

    Raises:
        LifecycleError: As `deploy_credentials`.
    """
    request, stack = event.request, settings.stack_name
    environment = request.environment
    wanted = wanted_providers(request, record, stack)
    if not wanted and record.credentials is None:
        return CredentialsResult(credentials=None, repaired=[])
    ledger = CredentialsLedger(records, environment, event.execution, record.credentials)
    role = names.role_name(stack, environment, PURPOSE)
    ledger.want(wanted, role, promoted=event.promoted)
    tags = names.tags(stack, environment) | request.tags
    control = clients.agentcore_control
    converger = ProviderConverger(control, ledger, stack, environment, tags)
    for provider in ledger.section.providers.values():
        converger.converge(provider)
    items = PromotionItems(clients.dynamodb, settings.table_name)
    unused = unused_providers(ledger.section, record, stack, items, promoted=event.promoted)
    for provider in unused:
        ledger.intend("updated")
        remove(control, provider, stack, environment)
        ledger.forget(provider)
    if not ledger.all():
        return _switch_off(clients, ledger, stack, environment)
    if ledger.of_agent():
        _converge_role(clients, ledger, settings, request)
    else:
        _remove_role(clients, ledger, stack, environment)
    ledger.finish()
    return _result(ledger, event)


def _converge_role(
    clients: Clients, ledger: CredentialsLedger, settings: CredentialsSettings, request: Request
) -> None:
    stack, environment = settings.stack_name, request.environment
    place = Place.of(settings.role_boundary_arn, clients.agentcore_control.meta.region_name)
    wanted = agent_role(
        *(stack, environment, ledger.of_agent(), place),
        boundary=settings.role_boundary_arn,
        base=settings.agent_policy_arn,
        tags=request.tags,
    )
    role = ledger.section.role
    if role is None:
        raise AssertionError("a section with providers of the agent has a role")
    ledger.save()
    fresh = role.written == ledger.mine.execution and role.policy == wanted.policy
    found = converge_role(
        clients.iam, wanted, former=role.policy, former_tags=role.tags, fresh=fresh
    )
    if found.created and role.arn is not None:
        ledger.repair(f"the role {role.name} was deleted")
    ledger.repair(*found.repaired)
    changed = found.created or role.policy != wanted.policy
    if changed and ledger.mine.change == "unchanged":
        ledger.mine.change = "updated"
    role.arn, role.policy, role.tags = found.arn, wanted.policy, dict(wanted.tags)
    if changed or found.repaired:
        role.written = ledger.mine.execution


def _switch_off(
    clients: Clients, ledger: CredentialsLedger, stack: str, environment: str
) -> CredentialsResult:
    _remove_role(clients, ledger, stack, environment)
    ledger.empty()
    return CredentialsResult(credentials=None, repaired=[])


def _remove_role(clients: Clients, ledger: CredentialsLedger, stack: str, environment: str) -> None:
    role = ledger.section.role
    if role is not None:
        ledger.intend("updated")
        remove_role(clients.iam, role.name, names.tags(stack, environment))
        ledger.section.role = None


def _result(ledger: CredentialsLedger, event: CredentialsEvent) -> CredentialsResult:
    section = ledger.section
    mine = section.deployment
    told = mine is not None and mine.execution == event.execution
    deployed = DeployedCredentials(
        providers=[
            DeployedProvider(name=name, type=one.type, provider=one.name, arn=one.arn)
            for name, one in section.providers.items()
        ],
        role_arn=section.role.arn if section.role and section.providers else None,
        change=mine.change if mine and told else "unchanged",
        repaired=list(mine.repaired) if mine and told else [],
    )
    return CredentialsResult(credentials=deployed, repaired=deployed.repaired)
