"""A Cognito identity, converged: the pool, its app clients, scopes and domain, and the smoke test's caller."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.identity import app_clients, user_pool
from lifecycle.identity.app_clients import INVOKE_SCOPE, PROBE_SCOPE
from lifecycle.identity.caller import CognitoCaller
from lifecycle.identity.ledger import IdentityLedger, Resource
from lifecycle.identity.oauth import discovery_url
from lifecycle.identity.user_pool import Pool
from lifecycle.sections.flow import Flow

# What belongs to one pool, and is void when that pool is deleted.
_OF_THE_POOL = ("client_id", "probe_client_id", "username", "secret_version", "domain", "scope")
_WORDS = {
    "ExplicitAuthFlows": "sign-in flows",
    "AllowedOAuthFlows": "OAuth flows",
    "AllowedOAuthFlowsUserPoolClient": "OAuth flows",
    "AllowedOAuthScopes": "scopes",
    "PreventUserExistenceErrors": "error setting",
    "EnableTokenRevocation": "token revocation",
}


def converge(
    ledger: IdentityLedger,
    clients: Clients,
    *,
    name: str,
    secret_name: str,
    domain_of: Callable[[str], str],
    tags: dict[str, str],
) -> None:
    """Create what is missing, repair what was changed, and record each step in the ledger.

    Args:
        ledger: The identity section, already of type `cognito` and of the requested flow.
        clients: Cognito and Secrets Manager.
        name: The name of the pool, and the beginning of the clients' names.
        secret_name: The name of the caller's secret.
        domain_of: Returns the domain's prefix for an account id.
        tags: The tags of the pool and the secret.

    Raises:
        AwsCallError: The secret or the domain belongs to another owner.
        ServiceUnavailableError: A secret or domain of this name is still being deleted.
    """
    work = _Work(ledger, clients.cognito, name, tags)
    caller = CognitoCaller(ledger, clients.cognito, clients.secrets, secret_name, tags)
    pool, is_new = work.pool()
    if ledger.identity.flow == "clientCredentials":
        account = pool["Arn"].split(":")[4]
        work.scopes(pool)
        work.domain(pool, domain_of(account))
        caller.machine(work.clients(pool, "clientCredentials", is_new=is_new))
    else:
        work.clients(pool, "password", is_new=is_new)
        caller.user(pool, is_new=is_new)


@dataclass(frozen=True)
class _Work:
    ledger: IdentityLedger
    cognito: Any
    name: str
    tags: dict[str, str]

    def pool(self) -> tuple[Pool, bool]:
        """The pool, and whether this call has created it."""
        known = self.ledger.identity.user_pool_id
        pool = user_pool.find_pool(self.cognito, self.name, self.tags, known)
        is_new = pool is None
        if pool is None:
            pool = user_pool.create_pool(self.cognito, self.name, self.tags)
            tagged_now = True
        else:
            # A pool that the record does not know was created by a call that ended before it was recorded.
            tagged_now = known is None or not user_pool.is_ours(pool, self.tags)
            if tagged_now:
                # Recorded first: the repair tags the pool and continues with calls that depend on the tags.
                self.ledger.note(tagged_at=int(time.time()))
            self.ledger.repair("user pool", *user_pool.repair_pool(self.cognito, pool, self.tags))
        changes: dict[str, Any] = {}
        if known is not None and pool["Id"] != known:
            self.ledger.repair("user pool", "the user pool was deleted: created again")
            changes = dict.fromkeys(_OF_THE_POOL)
        if tagged_now:
            changes["tagged_at"] = int(time.time())
        self.ledger.note(
            **changes,
            user_pool_id=pool["Id"],
            user_pool_arn=pool["Arn"],
            discovery_url=discovery_url(self.cognito, pool["Id"]),
        )
        return pool, is_new

    def clients(self, pool: Pool, flow: Flow, *, is_new: bool) -> dict[str, Any]:
        """The app client of a flow, and beside it the probe client; a new pool has none yet."""
        scope, probe_scope = (f"{self.name}/{part}" for part in (INVOKE_SCOPE, PROBE_SCOPE))
        wanted = [scope, probe_scope]
        client = self._client(pool, flow, wanted, probe=False, is_new=is_new)
        changes: dict[str, Any] = {"client_id": client["ClientId"]}
        if flow == "clientCredentials":
            changes |= {"scope": scope, "probe_scope": probe_scope, "allowed_scopes": [scope]}
            if client["ClientId"] != self.ledger.identity.client_id:
                # The secret holds the credentials of another client until it is written again.
                changes["secret_version"] = None
        self.ledger.note(**changes, allowed_clients=[client["ClientId"]])
        # The probe client may request the right scope: it must be refused because of the client, not the scope.
        probe = self._client(pool, flow, [scope], probe=True, is_new=is_new)
        self.ledger.note(probe_client_id=probe["ClientId"])
        return client

    def _client(
        self, pool: Pool, flow: Flow, scopes: list[str], *, probe: bool, is_new: bool
    ) -> dict[str, Any]:
        identity = self.ledger.identity
        known = identity.probe_client_id if probe else identity.client_id
        called: Resource = "probe client" if probe else "app client"
        name = names.client_name(self.name, flow, probe=probe)
        settings = app_clients.client_settings(flow, scopes)
        client = None if is_new else app_clients.find_client(self.cognito, pool["Id"], name, known)
        if client is None:
            client = app_clients.create_client(self.cognito, pool["Id"], name, flow, settings)
        else:
            drift = app_clients.repair_client(self.cognito, pool["Id"], client, settings)
            self.ledger.repair(
                called,
                *(
                    f"the {called}'s {_WORDS.get(key, 'token validity')} had been changed"
                    for key in drift
                ),
            )
        if known is not None and client["ClientId"] != known:
            self.ledger.repair(called, f"the {called} was deleted: created again")
        return client

    def scopes(self, pool: Pool) -> None:
        done = app_clients.ensure_scopes(self.cognito, pool["Id"], self.name)
        if self.ledger.identity.scope is not None and done != "kept":
            self.ledger.repair("resource server", "a scope had been removed: restored")

    def domain(self, pool: Pool, domain: str) -> None:
        done = app_clients.ensure_domain(self.cognito, pool, domain)
        if self.ledger.identity.domain is not None and done == "created":
            self.ledger.repair("domain", "the user pool's domain was deleted: created again")
        self.ledger.note(domain=domain)
