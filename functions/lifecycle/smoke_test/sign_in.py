"""Sign in: get the tokens of the smoke test. Only this module reads the caller's secret.

Tokens and passwords are only in local variables, as `SecretStr`, whose repr hides them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from lifecycle.clients import Clients
from lifecycle.entry import EXPLICIT_DENY, is_explicit_deny
from lifecycle.errors import SmokeTestError
from lifecycle.identity import app_clients
from lifecycle.identity.late_tags import is_late, late_tags
from lifecycle.identity.oauth import token_endpoint
from lifecycle.record import IdentityRecord
from lifecycle.smoke_test.bounded import TooLateError, within
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.token_request import discovered_token_endpoint, request_token

_FIX = "provision again, or for auth.type jwt fix the secret that auth.tokenSecretArn names"
# The function's policy lets it read the stack's own secrets, and other secrets that have this tag.
_TAG_THEIRS = "give the secret the tag agentcore-lifecycle:smoke-test=allowed"
_TAG_OURS = (
    "RunSmokeTestFunction may read the environment's own secret only while it has the stack's tag: provision again, "
    "which restores the tag; if that does not help, deploy the stack again"
)
_USE_THE_KEY = "the secret has a KMS key of its own: let the role of RunSmokeTestFunction use that key (kms:Decrypt)"


class StaleSecretError(SmokeTestError):
    """Cognito refuses the credentials in the secret: the next provision makes new ones.

    A signal to `lifecycle.smoke_test.run`, which raises it as the `SmokeTestError` that the state machine knows.
    """


@dataclass(frozen=True)
class SignedIn:
    """The tokens from a sign-in.

    Attributes:
        token: The access token that the runtime must accept; None where no token is used (`iam`).
        refused: Valid tokens that the runtime must refuse, each with the name of its check.
        credential: The password or client secret that the tokens were asked for with.
    """

    token: SecretStr | None = None
    refused: tuple[tuple[str, SecretStr], ...] = ()
    credential: SecretStr | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that must not appear in any output."""
        others = (self.token, self.credential)
        hidden = [token for _, token in self.refused] + [one for one in others if one is not None]
        return tuple(secret.get_secret_value() for secret in hidden)


Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")


class _Strict(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", str_min_length=1)


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


def sign_in(identity: IdentityRecord, clients: Clients, patience: Patience) -> SignedIn:
    """Get new tokens: the one that must be accepted and those that must be refused.

    Args:
        identity: The identity section of the record.
        clients: Cognito, Secrets Manager and plain HTTPS.
        patience: How long to retry a token endpoint while its answers are undecided.

    Returns:
        The tokens; none for `iam`.

    Raises:
        SmokeTestError: The caller cannot sign in; `StaleSecretError` when a new secret would help.
        TagsNotVisibleError: AWS refused a call on the environment's own pool or secret, whose tags are new.
    """
    if identity.type == "iam":
        return SignedIn()
    if identity.type == "jwt":
        return _with_provider(identity, clients, patience)
    with late_tags(lambda: identity.tagged_at):
        if identity.flow == "clientCredentials":
            return _as_machine(identity, clients, patience)
        return _as_user(identity, clients, patience)


def _as_user(identity: IdentityRecord, clients: Clients, patience: Patience) -> SignedIn:
    secret = _read_own(clients, patience, identity, PasswordSecret)

    def tokens(client_id: str | None) -> dict[str, str]:
        return _in_time(
            "Cognito",
            patience,
            lambda: _password_tokens(clients.cognito, identity, client_id, secret),
        )

    own = tokens(identity.client_id)
    other = tokens(identity.probe_client_id)
    return SignedIn(
        token=SecretStr(own["AccessToken"]),
        credential=secret.password,
        refused=(
            ("An access token of another client is refused", SecretStr(other["AccessToken"])),
            ("The ID token of the right user is refused", SecretStr(own["IdToken"])),
        ),
    )


def _password_tokens(
    cognito: Any, identity: IdentityRecord, client_id: str | None, secret: PasswordSecret
) -> dict[str, str]:
    try:
        answer = cognito.admin_initiate_auth(
            UserPoolId=identity.user_pool_id,
            ClientId=client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={
                "USERNAME": secret.username,
                "PASSWORD": secret.password.get_secret_value(),
            },
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NotAuthorizedException", "UserNotFoundException"):
            raise StaleSecretError(
                f"check 'The test user signs in': expected tokens, seen {code}; "
                "provision again, which creates the user and a new password"
            ) from None
        if code in ("ResourceNotFoundException", "InvalidParameterException"):
            raise _cannot(code) from None
        raise
    if "AuthenticationResult" not in answer:
        raise StaleSecretError(
            "check 'The test user signs in': expected tokens, seen the challenge "
            f"{answer.get('ChallengeName')}; provision again, which sets a new password"
        )
    tokens: dict[str, str] = answer["AuthenticationResult"]
    return tokens


def _as_machine(identity: IdentityRecord, clients: Clients, patience: Patience) -> SignedIn:
    secret = _read_own(clients, patience, identity, ClientSecret)
    probe = _in_time(
        "Cognito",
        patience,
        lambda: app_clients.describe_client(
            clients.cognito, str(identity.user_pool_id), identity.probe_client_id
        ),
    )
    if probe is None:
        raise _cannot("no probe client")
    endpoint = token_endpoint(clients.cognito, str(identity.domain))

    def token(client_id: str, client_secret: SecretStr, scope: str | None) -> SecretStr:
        return request_token(
            clients, patience, endpoint, client_id, client_secret, {"scope": scope}
        )

    return SignedIn(
        token=token(secret.client_id, secret.client_secret, identity.scope),
        credential=secret.client_secret,
        refused=(
            (
                "An access token of another client is refused",
                token(probe["ClientId"], SecretStr(probe["ClientSecret"]), identity.scope),
            ),
            (
                "An access token with the wrong scope is refused",
                token(secret.client_id, secret.client_secret, identity.probe_scope),
            ),
        ),
    )


def _with_provider(identity: IdentityRecord, clients: Clients, patience: Patience) -> SignedIn:
    secret = _read(clients, patience, identity.token_secret_arn, ClientSecret)
    endpoint, in_body = discovered_token_endpoint(clients, patience, str(identity.discovery_url))
    return SignedIn(
        credential=secret.client_secret,
        token=request_token(
            clients,
            patience,
            endpoint,
            secret.client_id,
            secret.client_secret,
            {"scope": secret.scope, "audience": secret.audience},
            in_body=in_body,
        ),
    )


def _in_time(service: str, patience: Patience, call: Callable[[], T]) -> T:
    try:
        return within(patience.for_one_try(), call)
    except TooLateError:
        raise _cannot(
            f"that {service} did not answer in time", "retry, or raise smokeTest.timeoutSeconds"
        ) from None


def _read_own(
    clients: Clients, patience: Patience, identity: IdentityRecord, model: type[Model]
) -> Model:
    return _read(clients, patience, identity.secret_arn, model, _TAG_OURS, identity.tagged_at)


def _read(
    clients: Clients,
    patience: Patience,
    arn: str | None,
    model: type[Model],
    allow: str = _TAG_THEIRS,
    tagged_at: float | None = None,
) -> Model:
    try:
        value = _in_time(
            "Secrets Manager",
            patience,
            lambda: clients.secrets.get_secret_value(SecretId=arn)["SecretString"],
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("ResourceNotFoundException", "InvalidRequestException"):
            raise _cannot(f"{code} for the secret {arn}") from None
        if code == "DecryptionFailure" or code.startswith("AccessDenied"):
            if is_late(error, tagged_at):
                raise
            raise _cannot(f"{code} for the secret {arn}", _how_to_allow(error, allow)) from None
        raise
    try:
        return model.model_validate(json.loads(value))
    except ValidationError as error:
        wrong = {str(part) for problem in error.errors() for part in problem["loc"]}
        names = ", ".join(sorted(wrong)) or "JSON object"
        raise _cannot(f"a secret {arn} without a usable {names}") from None
    except ValueError:
        raise _cannot(f"a secret {arn} that is not JSON") from None


def _how_to_allow(error: ClientError, allow: str) -> str:
    if is_explicit_deny(error):
        return EXPLICIT_DENY
    # For a key that the caller may not use, Secrets Manager answers "Access to KMS is not allowed".
    message = error.response["Error"].get("Message", "")
    if error.response["Error"]["Code"] == "DecryptionFailure" or "kms" in message.lower():
        return _USE_THE_KEY
    return allow


def _cannot(seen: str, fix: str = _FIX) -> SmokeTestError:
    return SmokeTestError(f"check 'The caller signs in': expected a token, seen {seen}; {fix}")
