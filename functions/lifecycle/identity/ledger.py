"""The identity section of the record while it is provisioned: each step is recorded before the next one."""

from __future__ import annotations

from typing import Any, Literal

from lifecycle.request.auth import Auth
from lifecycle.sections.flow import Flow
from lifecycle.sections.identity import IdentityRecord
from lifecycle.table import Records

Resource = Literal[
    "user pool", "resource server", "domain", "app client", "probe client", "test user", "secret"
]
"""What an identity in Cognito consists of, as outputs call it."""


class IdentityLedger:
    """Writes the identity section through to the record.

    Attributes:
        identity: The section as it is recorded, or about to be.
        repairs: The drift that was found and repaired: which resource, and one phrase.

    Args:
        records: The environments table.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        identity: The section to start from.
        recorded: The section as it is in the record, if it is there.
    """

    def __init__(
        self,
        records: Records,
        environment: str,
        execution: str,
        identity: IdentityRecord,
        recorded: IdentityRecord | None,
    ) -> None:
        self._records = records
        self._environment = environment
        self._execution = execution
        self._written = recorded
        self.identity = identity
        self.repairs: list[tuple[Resource, str]] = []

    @property
    def repaired(self) -> list[str]:
        """The drift that was found and repaired, one phrase each."""
        return [phrase for _, phrase in self.repairs]

    def note(self, *, last: bool = False, **changes: Any) -> None:
        """Change fields of the section and write it, unless nothing changed.

        Args:
            last: The stage changes nothing after it.
            **changes: The fields.

        Raises:
            LockLostError: Another execution took the environment over.
        """
        self.identity = self.identity.model_copy(update=changes)
        if self.identity != self._written:
            self._records.update(
                self._environment, self._execution, last=last, identity=self.identity
            )
            self._written = self.identity

    def repair(self, resource: Resource, *phrases: str) -> None:
        """Remember repaired drift of a resource, for the output."""
        for phrase in phrases:
            if phrase not in self.repaired:
                self.repairs.append((resource, phrase))


def begin(
    previous: IdentityRecord | None, auth: Auth, live: IdentityRecord | None = None
) -> IdentityRecord:
    """The section to start from.

    After a switch of type or flow, existing resources stay in the record: callers of the endpoint `live` use them until
    the new version is promoted, and the teardown removes them. Fields about the old way to sign in are dropped.

    Args:
        previous: The section as it was recorded, if any.
        auth: The input's section `auth`.
        live: The section that the version on `live` was promoted with, if any.

    Returns:
        A section of the requested type and flow.
    """
    flow = auth.cognito_flow if auth.type == "cognito" else None
    if previous is not None and previous.type == auth.type == "cognito" and previous.flow == flow:
        return previous
    if previous is not None and live is not None and _is_back(previous, live, auth.type, flow):
        # Back after a switch that failed: the callers of `live` keep their password.
        made = {"secret_arns": previous.secret_arns, "domain": previous.domain or live.domain}
        return live.model_copy(update=made)
    known: dict[str, Any] = {
        name: getattr(previous, name, None) for name in ("user_pool_id", "user_pool_arn", "domain")
    }
    known["secret_arns"] = previous.secret_arns if previous else {}
    if auth.type == "jwt":
        known |= {
            "discovery_url": auth.discovery_url,
            "allowed_clients": auth.allowed_clients,
            "allowed_audience": auth.allowed_audience,
            "allowed_scopes": auth.allowed_scopes,
            "token_secret_arn": auth.token_secret_arn,
        }
    return IdentityRecord(type=auth.type, flow=flow, **known)


def _is_back(
    previous: IdentityRecord, live: IdentityRecord, auth_type: str, flow: Flow | None
) -> bool:
    same_pool = live.user_pool_id == previous.user_pool_id
    return same_pool and live.type == auth_type == "cognito" and live.flow == flow
