"""A Cognito identity, converged: pool, clients, and a test user or scopes and a domain, with the caller's secret.

The caller's secret is stored first and set in Cognito second, and `secretVersion` in the record is written last. So
whenever the secret's current version is not the recorded one, nobody knows what Cognito has, and a new one is made;
the value of the secret is never read here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.identity import app_clients, caller_secret, user_pool
from lifecycle.identity.app_clients import INVOKE_SCOPE, PROBE_SCOPE
from lifecycle.identity.caller_secret import Secret
from lifecycle.identity.ledger import IdentityLedger
from lifecycle.identity.oauth import discovery_url, token_endpoint
from lifecycle.identity.user_pool import Pool
from lifecycle.names import Flow

USERNAME = "smoke-test"
# What belongs to one pool and is void when that pool is gone.
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
    """Make what is missing, mend what was changed, note each in the ledger.

    Args:
        ledger: The identity section, already of type `cognito` and of the asked flow.
        clients: Cognito and Secrets Manager.
        name: The name of pool and clients.
        secret_name: The name of the caller's secret.
        domain_of: Gives the domain's prefix for an account id.
        tags: The tags of pool and secret.

    Raises:
        AwsCallError: The secret or the domain belongs to somebody else.
        ServiceUnavailableError: A secret or domain of this name is still being deleted.
    """
    work = _Work(ledger, clients.cognito, clients.secrets, name, secret_name, tags)
    pool = work.pool()
    if ledger.identity.flow == "clientCredentials":
        account = pool["Arn"].split(":")[4]
        work.scopes(pool)
        work.domain(pool, domain_of(account))
        client = work.clients(pool, "clientCredentials")
        work.machine(client, work.secret("clientCredentials"))
    else:
        work.clients(pool, "password")
        work.user(pool, work.secret("password"))


@dataclass(frozen=True)
class _Work:
    ledger: IdentityLedger
    cognito: Any
    secrets: Any
    name: str
    secret_name: str
    tags: dict[str, str]

    def pool(self) -> Pool:
        known = self.ledger.identity.user_pool_id
        pool = user_pool.find_pool(self.cognito, self.name, self.tags, known)
        if pool is None:
            pool = user_pool.create_pool(self.cognito, self.name, self.tags)
        else:
            self.ledger.repair(*user_pool.mend_pool(self.cognito, pool, self.tags))
        changes: dict[str, Any] = {}
        if known is not None and pool["Id"] != known:
            self.ledger.repair("the user pool was gone: made again")
            changes = dict.fromkeys(_OF_THE_POOL)
        self.ledger.note(
            **changes,
            user_pool_id=pool["Id"],
            user_pool_arn=pool["Arn"],
            discovery_url=discovery_url(self.cognito, pool["Id"]),
        )
        return pool

    def clients(self, pool: Pool, flow: Flow) -> dict[str, Any]:
        scope, probe_scope = (f"{self.name}/{part}" for part in (INVOKE_SCOPE, PROBE_SCOPE))
        client = self._client(pool, flow, [scope, probe_scope], probe=False)
        changes: dict[str, Any] = {"client_id": client["ClientId"]}
        if flow == "clientCredentials":
            changes |= {"scope": scope, "probe_scope": probe_scope, "allowed_scopes": [scope]}
            if client["ClientId"] != self.ledger.identity.client_id:
                # The secret holds another client's credentials until it is written again.
                changes["secret_version"] = None
        self.ledger.note(**changes, allowed_clients=[client["ClientId"]])
        # The probe client may ask for the right scope: it is to be refused for what it is, not for what it asks.
        probe = self._client(pool, flow, [scope], probe=True)
        self.ledger.note(probe_client_id=probe["ClientId"])
        return client

    def _client(self, pool: Pool, flow: Flow, scopes: list[str], *, probe: bool) -> dict[str, Any]:
        identity = self.ledger.identity
        known = identity.probe_client_id if probe else identity.client_id
        called = "the probe client" if probe else "the app client"
        name = names.client_name(self.name, flow, probe=probe)
        settings = app_clients.client_settings(flow, scopes)
        client = app_clients.find_client(self.cognito, pool["Id"], name, known)
        if client is None:
            client = app_clients.create_client(self.cognito, pool["Id"], name, flow, settings)
        else:
            drift = app_clients.mend_client(self.cognito, pool["Id"], client, settings)
            self.ledger.repair(
                *(
                    f"{called}'s {_WORDS.get(key, 'token validity')} had been changed"
                    for key in drift
                )
            )
        if known is not None and client["ClientId"] != known:
            self.ledger.repair(f"{called} was gone: made again")
        return client

    def scopes(self, pool: Pool) -> None:
        done = app_clients.ensure_scopes(self.cognito, pool["Id"], self.name)
        if self.ledger.identity.scope is not None and done != "kept":
            self.ledger.repair("a scope had been removed: made again")

    def domain(self, pool: Pool, domain: str) -> None:
        done = app_clients.ensure_domain(self.cognito, pool, domain)
        if self.ledger.identity.domain is not None and done == "created":
            self.ledger.repair("the user pool's domain was gone: made again")
        self.ledger.note(domain=domain)

    def secret(self, flow: Flow) -> Secret:
        known = self.ledger.identity.secret_arn
        secret, done = caller_secret.ensure_secret(self.secrets, self.secret_name, self.tags, known)
        if known is not None and secret["ARN"] != known:
            self.ledger.repair("the secret was gone: made again")
        elif done == "restored":
            self.ledger.repair("the secret was scheduled for deletion: restored")
        elif done == "retagged":
            self.ledger.repair("the secret's tags had been removed")
        arns = self.ledger.identity.secret_arns
        self.ledger.note(secret_arns={**arns, flow: secret["ARN"]})
        return secret

    def user(self, pool: Pool, secret: Secret) -> None:
        known = self.ledger.identity.username is not None
        user = self._user(pool["Id"])
        if user is None:
            # Without a password of ours Cognito makes one that nobody knows; SUPPRESS keeps it from being sent.
            self.cognito.admin_create_user(
                UserPoolId=pool["Id"], Username=USERNAME, MessageAction="SUPPRESS"
            )
            if known:
                self.ledger.repair("the test user was gone: made again")
        elif not user["Enabled"]:
            self.cognito.admin_enable_user(UserPoolId=pool["Id"], Username=USERNAME)
            self.ledger.repair("the test user had been disabled")
        if user is not None and user["UserStatus"] == "CONFIRMED" and self._is_current(secret):
            return
        if known and user is not None:
            self.ledger.repair("the test user's password was not the secret's: made anew")
        password = caller_secret.new_password(self.secrets)
        version = caller_secret.write_secret(
            self.secrets, secret["ARN"], {"username": USERNAME, "password": password}
        )
        self.cognito.admin_set_user_password(
            UserPoolId=pool["Id"], Username=USERNAME, Password=password, Permanent=True
        )
        self.ledger.note(username=USERNAME, secret_version=version)

    def _user(self, pool_id: str) -> dict[str, Any] | None:
        try:
            user: dict[str, Any] = self.cognito.admin_get_user(
                UserPoolId=pool_id, Username=USERNAME
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "UserNotFoundException":
                return None
            raise
        return user

    def machine(self, client: dict[str, Any], secret: Secret) -> None:
        if self._is_current(secret):
            return
        identity = self.ledger.identity
        if identity.secret_version is not None:
            self.ledger.repair("the secret's value was not ours: written anew")
        version = caller_secret.write_secret(
            self.secrets,
            secret["ARN"],
            {
                "clientId": client["ClientId"],
                "clientSecret": client["ClientSecret"],
                "tokenEndpoint": token_endpoint(self.cognito, str(identity.domain)),
                "scope": str(identity.scope),
            },
        )
        self.ledger.note(secret_version=version)

    def _is_current(self, secret: Secret) -> bool:
        version = self.ledger.identity.secret_version
        return version is not None and version == caller_secret.current_version(secret)
