"""Where the secret of a credential provider is: one that the service keeps, or one of the caller's own.

The names of the service's secrets and the keys in them are reported by users of the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from local.agentcore.model.errors import ServiceError, invalid, invalid_field

OWNER = "bedrock-agentcore-identity"


@dataclass(frozen=True)
class Kept:
    """A secret in Secrets Manager.

    Attributes:
        arn: Its ARN.
        json_key: The key of the value in the secret's JSON document.
        managed: Whether the service keeps it.
    """

    arn: str
    json_key: str
    managed: bool

    @property
    def source(self) -> str:
        """`MANAGED` or `EXTERNAL`, as the model has it."""
        return "MANAGED" if self.managed else "EXTERNAL"


@dataclass(frozen=True)
class Given:
    """What a request says of a provider's secret.

    Attributes:
        member: Name of the member that has the value, such as `apiKey`.
        value: The value itself; left out of `repr`.
        reference: `secretId` and `jsonKey` of the caller's own secret.
        source: `MANAGED` or `EXTERNAL`.
    """

    member: str
    value: str | None = field(repr=False)
    reference: dict[str, str] | None
    source: str

    @classmethod
    def of(cls, members: dict[str, Any], member: str) -> Given:
        """Read it from the members of a request that begin with `member`."""
        source = members.get(f"{member}SecretSource") or members.get(f"{member}Source")
        reference = members.get(f"{member}SecretConfig") or members.get(f"{member}Config")
        return cls(member, members.get(member), reference, source or "MANAGED")

    def check(self) -> None:
        """Check that it is one or the other.

        Raises:
            ServiceError: ValidationException.
        """
        if self.source == "EXTERNAL":
            if self.reference is None or self.value is not None:
                raise invalid_field(
                    self.member, "An EXTERNAL secret needs its secretId and jsonKey, and no value."
                )
        elif self.reference is not None or not self.value:
            raise invalid_field(self.member, "A MANAGED secret needs its value, and nothing else.")


class Secrets:
    """Keeps and reads the secrets of providers.

    Args:
        clients: Gives the boto3 client of a service, with the rights of the service.
    """

    def __init__(self, clients: Callable[[str], Any]) -> None:
        self._clients = clients

    def keep(self, name: str, given: Given, key: str, before: Kept | None = None) -> Kept:
        """Keep the secret of a provider that is made or updated.

        Args:
            name: The secret's name, if the service keeps it.
            given: What the request says; it was checked.
            key: The key of the value in the secret's JSON document, if the service keeps it.
            before: Where the provider's secret was.

        Raises:
            ServiceError: ValidationException for a secret of the caller's own that is not there.
        """
        if given.reference is not None:
            kept = self._referred(given.reference, given.member)
            self.drop(before)
            return kept
        client, text = self._clients("secretsmanager"), json.dumps({key: given.value})
        if before is not None and before.managed:
            client.put_secret_value(SecretId=before.arn, SecretString=text)
            return before
        tag = {"Key": "aws:secretsmanager:owningService", "Value": OWNER}
        try:
            made = client.create_secret(Name=name, SecretString=text, Tags=[tag])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceExistsException":
                raise
            raise invalid(f"The secret '{name}' exists already.") from None
        return Kept(made["ARN"], key, managed=True)

    def drop(self, kept: Kept | None) -> None:
        """Delete a secret that the service keeps, at once; one of the caller's own stays."""
        if kept is not None and kept.managed:
            client = self._clients("secretsmanager")
            try:
                client.delete_secret(SecretId=kept.arn, ForceDeleteWithoutRecovery=True)
            except client.exceptions.ResourceNotFoundException:
                return  # somebody deleted it by hand

    def read(self, kept: Kept) -> str:
        """Return the value.

        Raises:
            ServiceError: ValidationException; never with a part of the secret.
        """
        client = self._clients("secretsmanager")
        try:
            text = client.get_secret_value(SecretId=kept.arn)["SecretString"]
            value = json.loads(text)[kept.json_key]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise invalid(f"The secret '{kept.arn}' cannot be read: {code}.") from None
        except (ValueError, KeyError, TypeError):
            raise _unusable(kept) from None
        if not isinstance(value, str) or not value:
            raise _unusable(kept)
        return value

    def _referred(self, reference: dict[str, str], member: str) -> Kept:
        try:
            found = self._clients("secretsmanager").describe_secret(SecretId=reference["secretId"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            message = f"The secret '{reference['secretId']}' cannot be read: {code}."
            raise invalid_field(member, message) from None
        return Kept(found["ARN"], reference["jsonKey"], managed=False)


def _unusable(kept: Kept) -> ServiceError:
    return invalid(f"The secret '{kept.arn}' has no text at the key '{kept.json_key}'.")
