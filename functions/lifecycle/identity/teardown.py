"""Delete the identity: the domain, the pool with its clients and user, the secrets; each is checked for again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import PASSING, THROTTLES
from lifecycle.errors import ServiceUnavailableError, TeardownIncompleteError
from lifecycle.identity import app_clients, caller_secret, user_pool
from lifecycle.identity.late_tags import is_late, late_tags
from lifecycle.record import Record
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.identity import IdentityRecord
from lifecycle.settings import Settings
from lifecycle.table import Records
from lifecycle.teardown import Kept, Teardown, removal_of

_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True)
class _Item:
    label: str
    remove: Callable[[], Any]
    is_gone: Callable[[], bool]
    # What is deleted together with this item.
    parts: tuple[str, ...] = ()


def delete_identity(event: StageEvent, *, clients: Clients = CLIENTS) -> Teardown:
    """Remove what the lifecycle created of the identity, including what an earlier type or flow or a crash left.

    Pools are found by the record, and by name and tags; secrets by name and tags. A recorded resource that lost its
    tags gets them back first, because the function's policy only allows it to delete resources with the tags. A
    resource that has the name, but is not recorded and does not have the tags, stays.

    Args:
        event: The execution and its request; with `dryRun` nothing is changed.
        clients: DynamoDB, Cognito and Secrets Manager.

    Returns:
        What was removed (or would be), kept and looked for. The record's identity section is removed.

    Raises:
        TeardownIncompleteError: Something could not be deleted; the record still lists it.
        ServiceUnavailableError: Something is still being deleted; the lifecycle retries this step.
        TagsNotVisibleError: AWS refused a call on a resource whose tags are new.
        LockLostError: Another execution took the environment over.
    """
    settings = Settings.load()
    environment = event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.get(environment)
    identity = record.identity if record else None

    def note_tagging() -> None:
        # Only what the record lists is tagged, so there is an identity.
        nonlocal identity
        if identity is not None:
            identity = identity.model_copy(update={"tagged_at": int(time.time())})
            records.update(environment, event.execution, identity=identity)

    search = _Search(
        clients,
        settings.stack_name,
        environment,
        identity,
        note_tagging,
        dry_run=event.request.dry_run,
    )
    with late_tags(search.tagged_at):
        return _delete(event, search, records, record)


def _delete(
    event: StageEvent, search: _Search, records: Records, record: Record | None
) -> Teardown:
    environment = event.request.environment
    identity = record.identity if record else None
    items = list(search.items())
    labels = [label for item in items for label in (*item.parts, item.label)]
    if event.request.dry_run:
        return Teardown(
            done=True, would_remove=labels, kept=search.kept, looked_for=search.looked_for
        )
    removal = removal_of(record.identity_removal if record else None, event.execution)
    if record is not None and labels:
        # Recorded before it is deleted: if a retry does not find it, this execution removed it.
        removal.removed = list(dict.fromkeys(removal.removed + labels))
        records.update(environment, event.execution, identity_removal=removal)
    left = [problem for item in items if (problem := _remove(item, search.tagged_at())) is not None]
    if left:
        raise TeardownIncompleteError(
            f"still there: {'; '.join(left)}; fix the cause and retry the teardown"
        )
    if record is not None and identity is not None:
        records.update(environment, event.execution, identity=None)
    removed = removal.removed or labels
    return Teardown(done=True, removed=removed, kept=search.kept, looked_for=search.looked_for)


def _remove(item: _Item, tagged_at: float | None) -> str | None:
    problem = None
    try:
        item.remove()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if (
            code in THROTTLES
            or code in PASSING
            or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            or is_late(error, tagged_at)
        ):
            raise
        if code != _NOT_FOUND:
            problem = f"{item.label} ({error.operation_name}: {code})"
    # Checked for every error code: for a missing domain, Cognito returns InvalidParameterException, "No such domain".
    if item.is_gone():
        return None
    if problem is None:
        # Raised at once, because a pool cannot be deleted before its domain.
        raise ServiceUnavailableError(
            f"{item.label} is still being deleted; the lifecycle retries this step"
        )
    return problem


class _Search:
    def __init__(
        self,
        clients: Clients,
        stack: str,
        environment: str,
        identity: IdentityRecord | None,
        note_tagging: Callable[[], None],
        *,
        dry_run: bool,
    ) -> None:
        self._cognito = clients.cognito
        self._secrets = clients.secrets
        self._tags = names.tags(stack, environment)
        self._pool_name = names.resource_name(stack, environment)
        self._secret_names = names.secret_names(stack, environment)
        self._identity = identity
        self._note_tagging = note_tagging
        self._tagged_at = float(identity.tagged_at or 0) if identity else 0.0
        self._dry_run = dry_run
        self.kept: list[Kept] = []
        self.looked_for = [
            f"user pools named {self._pool_name}, with their domain and app clients",
            *(f"secret {name}" for name in self._secret_names),
        ]

    def tagged_at(self) -> float:
        """When a pool or secret that was found was last tagged, in seconds since the epoch."""
        return self._tagged_at

    def _tag(self, tag: Callable[..., None], client: Any, resource: dict[str, Any]) -> None:
        # Recorded first: what follows depends on the tags, and a retry must know that they are new.
        self._note_tagging()
        tag(client, resource, self._tags)
        self._tagged_at = time.time()

    def items(self) -> Iterator[_Item]:
        """What to remove, in this order."""
        for pool in self._pools():
            yield from self._of_pool(pool)
        for name in self._secret_names:
            secret = self._secret(name)
            if secret is not None:
                yield secret
        self._keep_the_providers_own()

    def _pools(self) -> Iterator[dict[str, Any]]:
        known = self._identity.user_pool_id if self._identity else None
        pool = user_pool.describe_pool(self._cognito, known)
        if pool is not None:
            yield pool
        for other in user_pool.pools_named(self._cognito, self._pool_name):
            if pool is not None and other["Id"] == pool["Id"]:
                continue
            if user_pool.is_ours(other, self._tags):
                yield other
            else:
                self.kept.append(
                    Kept(
                        resource=f"user pool {self._pool_name} ({other['Id']})",
                        reason="it has the environment's name, but not its tags, and the record does not list it",
                    )
                )

    def _of_pool(self, pool: dict[str, Any]) -> Iterator[_Item]:
        pool_id = pool["Id"]
        if not self._dry_run and not user_pool.is_ours(pool, self._tags):
            self._tag(user_pool.tag_pool, self._cognito, pool)
        self._tagged_at = max(self._tagged_at, pool["CreationDate"].timestamp())
        domain = pool.get("Domain")
        if domain:
            yield _Item(
                f"user pool domain {domain}",
                lambda: app_clients.delete_domain(self._cognito, pool_id, domain),
                lambda: app_clients.describe_domain(self._cognito, domain) is None,
            )
        clients = app_clients.list_clients(self._cognito, pool_id)
        yield _Item(
            f"user pool {pool['Name']} ({pool_id})",
            lambda: self._cognito.delete_user_pool(UserPoolId=pool_id),
            lambda: user_pool.describe_pool(self._cognito, pool_id) is None,
            tuple(
                f"app client {client['ClientName']} ({client['ClientId']})" for client in clients
            ),
        )

    def _secret(self, name: str) -> _Item | None:
        known = self._identity.secret_arns.values() if self._identity else ()
        secret = caller_secret.describe_secret(self._secrets, name)
        if secret is None:
            # One answer is not believed against the record: without the record nobody would find the secret again.
            recorded = next((arn for arn in known if f":secret:{name}-" in arn), None)
            if recorded is not None:
                secret = caller_secret.describe_secret(self._secrets, recorded)
        if secret is None:
            return None
        label = f"secret {name}"
        ours = caller_secret.is_ours(secret, self._tags)
        if not ours and secret["ARN"] not in known:
            self.kept.append(
                Kept(
                    resource=label,
                    reason="it has the environment's name, but not its tags, and the record does not list it",
                )
            )
            return None
        if not ours and not self._dry_run:
            self._tag(caller_secret.tag_secret, self._secrets, secret)
        self._tagged_at = max(self._tagged_at, secret["CreatedDate"].timestamp())
        return _Item(
            label,
            # Without a recovery window, the next provision can use the name again.
            lambda: self._secrets.delete_secret(
                SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True
            ),
            lambda: caller_secret.is_gone(self._secrets, secret["ARN"]),
        )

    def _keep_the_providers_own(self) -> None:
        if self._identity is None or self._identity.type != "jwt":
            return
        for resource in (self._identity.discovery_url, self._identity.token_secret_arn):
            if resource is not None:
                self.kept.append(
                    Kept(resource=resource, reason="it belongs to your own identity provider")
                )
