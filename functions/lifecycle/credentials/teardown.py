"""Delete the credentials: the providers, then the agent's role. The caller's own secrets stay."""

from __future__ import annotations

from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.credentials import calls, owner
from lifecycle.credentials.calls import Kind
from lifecycle.credentials.removal import remove_provider
from lifecycle.credentials.rights import PURPOSE
from lifecycle.errors import ServiceUnavailableError
from lifecycle.record import Record
from lifecycle.request.stage_event import StageEvent
from lifecycle.roles.calls import get_role
from lifecycle.roles.converge import is_owned, remove_role
from lifecycle.runtime.agentcore import is_ours
from lifecycle.sections.credentials import ProviderRecord
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of


def delete_credentials(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Remove the providers and the role that the record lists, or that have the environment's names and tags.

    Args:
        event: The stage's event.
        clients: DynamoDB, AgentCore and IAM.

    Returns:
        What was removed and what stays. A dry run changes nothing.

    Raises:
        ServiceUnavailableError: AgentCore is not done with a provider yet, or does not show yet whose it is.
    """
    settings = Settings.load()
    environment, stack = event.request.environment, settings.stack_name
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment) or Record(environment=environment)
    remover = _Remover(clients, stack, environment)
    providers, kept = remover.find(record)
    role = names.role_name(stack, environment, PURPOSE)
    there = [*(calls.label(one) for one in providers), *remover.role(role)]
    kept += [
        Kept(resource=f"secret {arn}", reason="it is the caller's own")
        for arn in sorted({one.secret_arn for one in providers if one.secret_arn})
    ]
    said: dict[str, Any] = {
        "kept": kept,
        "looked_for": [
            f"credential providers that begin with {_prefix(stack, environment)}",
            f"role {role}",
        ],
    }
    if event.request.dry_run:
        return Teardown(done=True, would_remove=there, **said)
    removal = removal_of(record.credentials_removal, event.execution)
    if there:
        # Before they go: what the next call does not find, this execution has removed.
        removal.removed += [what for what in there if what not in removal.removed]
        records.update(environment, event.execution, credentials_removal=removal)
    for provider in providers:
        remove_provider(clients.agentcore_control, provider, stack, environment)
    left, _ = remover.find(record)
    if left:
        # A read of a moment ago did not find it; or it was created since.
        raise ServiceUnavailableError(
            f"the {calls.label(left[0])} is still there; the lifecycle retries this step"
        )
    remove_role(clients.iam, role, names.tags(stack, environment))
    note = removal if removal.removed else None
    if record.credentials is not None or note != record.credentials_removal:
        changes = {"credentials": None, "credentials_removal": note}
        records.update(environment, event.execution, last=True, **changes)
    return Teardown(done=True, removed=list(removal.removed), **said)


def _prefix(stack: str, environment: str) -> str:
    return f"{names.provider_prefix(stack)}{environment}--"


class _Remover:
    def __init__(self, clients: Clients, stack: str, environment: str) -> None:
        self._control = clients.agentcore_control
        self._iam = clients.iam
        self._stack = stack
        self._environment = environment

    def find(self, record: Record) -> tuple[list[ProviderRecord], list[Kept]]:
        """The environment's providers that are there, and those of somebody else that have its names."""
        section = record.credentials
        recorded = [*section.providers.values(), *section.former] if section else []
        found, kept = [], []
        seen = set()
        # The record first: a list may lag behind creates.
        for one in recorded:
            observed = calls.get_provider(self._control, one.type, one.name)
            if observed is None:
                continue
            seen.add(one.name)
            if owner.is_ours(self._control, observed, one, self._stack, self._environment):
                found.append(one)
            else:
                kept.append(self._foreign(one.name))
        known = {one.name: one for one in recorded}
        prefix = _prefix(self._stack, self._environment)
        for kind, name, _ in calls.providers_that_begin_with(self._control, prefix):
            # Also one that the read of a moment ago did not find, though it is listed.
            observed = None if name in seen else calls.get_provider(self._control, kind, name)
            if observed is None:
                continue
            tags = owner.tags_of(self._control, observed, name)
            if is_ours(tags, self._stack, self._environment):
                found.append(known.get(name) or _unknown(kind, name))
            elif tags.get(names.STACK_TAG) != self._stack:
                # Others of the stack are of the environment `dev--x`, whose begin with the prefix of `dev`, too.
                kept.append(self._foreign(name))
        return found, kept

    def _foreign(self, name: str) -> Kept:
        why = f"its tags do not say that stack {self._stack} created it"
        return Kept(resource=f"credential provider {name}", reason=why)

    def role(self, name: str) -> list[str]:
        """How the output names the environment's role, if it is there."""
        role = get_role(self._iam, name)
        mine = names.tags(self._stack, self._environment)
        return [f"role {name}"] if role is not None and is_owned(role, mine) else []


def _unknown(kind: Kind, name: str) -> ProviderRecord:
    """A provider that was found by its name and tags; what it is made of is not known."""
    return ProviderRecord(type=kind, name=name, secret_arn="", json_key="")
