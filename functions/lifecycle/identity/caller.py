"""The smoke test's own caller in Cognito: a test user or a machine client, and the secret that it signs in with.

The secret is written first, Cognito second, and `secretVersion` in the record last. So if the secret's current version
is not the recorded one, it is unknown what Cognito has, and a new value is made. The value of the secret is never read
here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.identity import caller_secret, unseen
from lifecycle.identity.caller_secret import Secret
from lifecycle.identity.ledger import IdentityLedger
from lifecycle.identity.oauth import token_endpoint
from lifecycle.identity.user_pool import Pool
from lifecycle.sections.flow import Flow

USERNAME = "smoke-test"


@dataclass(frozen=True)
class CognitoCaller:
    """The caller of one environment.

    Attributes:
        ledger: The identity section of the record.
        cognito: A boto3 Cognito client.
        secrets: A boto3 Secrets Manager client.
        secret_name: The name of the caller's secret.
        tags: The tags of the secret.
    """

    ledger: IdentityLedger
    cognito: Any
    secrets: Any
    secret_name: str
    tags: dict[str, str]

    def user(self, pool: Pool, *, is_new: bool) -> None:
        """Create the test user and its secret, or repair them.

        Args:
            pool: The user pool.
            is_new: This call has created the pool, so it has no user.

        Raises:
            AwsCallError: The secret belongs to another owner.
            ServiceUnavailableError: A secret of this name is still being deleted, or secret or user exist and are not
                found.
        """
        secret = self._secret("password")
        known = self.ledger.identity.username is not None
        user = None if is_new else self._user(pool["Id"])
        if user is None:
            # Without a password of ours, Cognito would choose an unknown one. SUPPRESS: Cognito sends no message.
            unseen.create(
                self.cognito.admin_create_user,
                "the test user",
                "AdminGetUser",
                UserPoolId=pool["Id"],
                Username=USERNAME,
                MessageAction="SUPPRESS",
            )
            if known:
                self.ledger.repair("test user", "the test user was deleted: created again")
        elif not user["Enabled"]:
            self.cognito.admin_enable_user(UserPoolId=pool["Id"], Username=USERNAME)
            self.ledger.repair("test user", "the test user had been disabled")
        if user is not None and user["UserStatus"] == "CONFIRMED" and self._is_current(secret):
            return
        if known and user is not None:
            self.ledger.repair(
                "test user", "the test user's password did not match the secret: reset"
            )
        password = caller_secret.new_password(self.secrets)
        version = caller_secret.write_secret(
            self.secrets, secret["ARN"], {"username": USERNAME, "password": password}
        )
        self.cognito.admin_set_user_password(
            UserPoolId=pool["Id"], Username=USERNAME, Password=password, Permanent=True
        )
        self.ledger.note(last=True, username=USERNAME, secret_version=version)

    def machine(self, client: dict[str, Any]) -> None:
        """Write the credentials of an app client into the secret, unless they are there.

        Raises:
            AwsCallError: The secret belongs to another owner.
            ServiceUnavailableError: A secret of this name is still being deleted.
        """
        secret = self._secret("clientCredentials")
        if self._is_current(secret):
            return
        identity = self.ledger.identity
        if identity.secret_version is not None:
            self.ledger.repair("secret", "the secret's value had been changed: rewritten")
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
        self.ledger.note(last=True, secret_version=version)

    def _secret(self, flow: Flow) -> Secret:
        known = self.ledger.identity.secret_arn
        secret, done = caller_secret.ensure_secret(self.secrets, self.secret_name, self.tags, known)
        if known is not None and secret["ARN"] != known:
            self.ledger.repair("secret", "the secret was deleted: created again")
        elif done == "restored":
            self.ledger.repair("secret", "the secret was scheduled for deletion: restored")
        elif done == "retagged":
            self.ledger.repair("secret", "the secret's tags had been removed")
        arns = self.ledger.identity.secret_arns
        changes: dict[str, Any] = {"secret_arns": {**arns, flow: secret["ARN"]}}
        if done in ("created", "retagged") or secret["ARN"] not in arns.values():
            changes["tagged_at"] = int(time.time())
        self.ledger.note(**changes)
        return secret

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

    def _is_current(self, secret: Secret) -> bool:
        version = self.ledger.identity.secret_version
        return version is not None and version == caller_secret.current_version(secret)
