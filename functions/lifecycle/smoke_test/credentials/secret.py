"""Read the secret of the smoke test's caller. Only this module reads its value, and only after its tags.

The value is only in local variables, as `SecretStr`, whose repr hides it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from lifecycle.clients import Clients
from lifecycle.entry import EXPLICIT_DENY, is_explicit_deny
from lifecycle.errors import SmokeTestError
from lifecycle.identity.late_tags import is_late
from lifecycle.provider import secret_tags
from lifecycle.provider.bounded import TooLateError, within
from lifecycle.provider.secret_tags import Use
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.untrusted import json_value

_FIX = "provision again, or for auth.type jwt fix the secret that auth.tokenSecretArn names"
_TAG_OURS = (
    "RunSmokeTestFunction may read the environment's own secret only while it has the tags of the stack and the "
    "environment: provision again, which restores the tags; if that does not help, deploy the stack again"
)
_USE_THE_KEY = "the secret has a KMS key of its own: let the role of RunSmokeTestFunction use that key (kms:Decrypt)"

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")


class _Strict(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", str_min_length=1, defer_build=True
    )


class PasswordSecret(_Strict):
    """The content of the secret for a password sign-in."""

    username: str
    password: SecretStr


class ClientSecret(_Strict):
    """The content of the secret for client credentials."""

    client_id: str
    client_secret: SecretStr
    token_endpoint: str | None = None
    scope: str | None = None
    audience: str | None = None


class Secret:
    """A secret in Secrets Manager, as one execution reads it.

    Args:
        clients: Secrets Manager.
        patience: How long its calls may take.
        arn: The secret.
        advice: What to do if AWS refuses to read it.
        tagged_at: When the lifecycle last tagged it, in seconds since the epoch; None for a secret of somebody else.
    """

    def __init__(
        self,
        clients: Clients,
        patience: Patience,
        arn: str | None,
        advice: str,
        tagged_at: float | None = None,
    ) -> None:
        self._clients = clients
        self._patience = patience
        self._arn = arn
        self._advice = advice
        self._tagged_at = tagged_at

    @classmethod
    def of_environment(
        cls,
        clients: Clients,
        patience: Patience,
        identity: IdentityRecord,
        stack: str,
        environment: str,
    ) -> Secret:
        """The environment's own secret.

        Raises:
            SmokeTestError: The secret does not have the tags of this stack and environment, or cannot be looked at.
        """
        secret = cls(clients, patience, identity.secret_arn, _TAG_OURS, identity.tagged_at)
        if not secret_tags.is_of(secret.tags(), stack, environment):
            raise cannot_sign_in(
                f"a secret {identity.secret_arn} without the tags of environment '{environment}' of stack '{stack}'",
                _TAG_OURS,
            )
        return secret

    @classmethod
    def of_provider(
        cls, clients: Clients, patience: Patience, arn: str | None, use: Use
    ) -> tuple[Secret, frozenset[str]]:
        """A caller's own secret for a provider, and the hosts that its tag names.

        Raises:
            SmokeTestError: The secret's tags do not allow it for this host and environment, or it cannot be looked at.
        """
        secret = cls(clients, patience, arn, secret_tags.how_to_allow(use))
        tags = secret.tags()
        problem = secret_tags.refusal(tags, use)
        if problem is not None:
            seen, _, fix = problem.partition("; ")
            raise cannot_sign_in(f"a secret {arn} that {seen}", fix)
        return secret, secret_tags.hosts_of(tags)

    def tags(self) -> dict[str, str]:
        """Look the secret's tags up; its value is not read.

        Raises:
            SmokeTestError: It cannot be looked at.
        """
        return self._call(lambda: secret_tags.tags_of(self._clients.secrets, self._arn))

    def read(self, model: type[Model]) -> Model:
        """Read the secret.

        Raises:
            SmokeTestError: It cannot be read, or is no JSON object of this model.
        """
        value = self._call(
            lambda: self._clients.secrets.get_secret_value(SecretId=self._arn)["SecretString"]
        )
        try:
            return model.model_validate(json_value(value))
        except ValidationError as error:
            wrong = {str(part) for problem in error.errors() for part in problem["loc"]}
            names = ", ".join(sorted(wrong)) or "JSON object"
            raise cannot_sign_in(f"a secret {self._arn} without a usable {names}") from None
        except ValueError:
            raise cannot_sign_in(f"a secret {self._arn} that is not JSON") from None

    def _call(self, call: Callable[[], T]) -> T:
        try:
            return in_time("Secrets Manager", self._patience, call)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            seen = f"{code} from {error.operation_name} for the secret {self._arn}"
            if code in ("ResourceNotFoundException", "InvalidRequestException"):
                raise cannot_sign_in(seen) from None
            if code == "DecryptionFailure" or code.startswith("AccessDenied"):
                if is_late(error, self._tagged_at):
                    raise
                fix = self._how_to_allow(error)
                raise cannot_sign_in(seen, fix) from None
            raise

    def _how_to_allow(self, error: ClientError) -> str:
        if is_explicit_deny(error):
            return EXPLICIT_DENY
        # For a key that the caller may not use, Secrets Manager answers "Access to KMS is not allowed".
        message = error.response["Error"].get("Message", "")
        if error.response["Error"]["Code"] == "DecryptionFailure" or "kms" in message.lower():
            return _USE_THE_KEY
        return self._advice


def in_time(service: str, patience: Patience, call: Callable[[], T]) -> T:
    """Call an AWS service within the time that is left.

    Raises:
        SmokeTestError: It did not answer in time.
    """
    try:
        return within(patience.for_one_try(), call)
    except TooLateError:
        raise cannot_sign_in(
            f"that {service} did not answer in time", "retry, or raise smokeTest.timeoutSeconds"
        ) from None


def cannot_sign_in(seen: str, fix: str = _FIX) -> SmokeTestError:
    """The error of a caller that gets no token: what was seen instead, and what to do."""
    return SmokeTestError(f"check 'The caller signs in': expected a token, seen {seen}; {fix}")
