"""Sign in: get the tokens of the smoke test.

Tokens and passwords are only in local variables, as `SecretStr`, whose repr hides them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.errors import SmokeTestError
from lifecycle.identity import app_clients
from lifecycle.identity.late_tags import late_tags
from lifecycle.identity.oauth import token_endpoint
from lifecycle.provider import hosts
from lifecycle.provider.discovery import DiscoveryRefusedError, token_endpoint_of
from lifecycle.provider.secret_tags import Use
from lifecycle.sections.identity import IdentityRecord
from lifecycle.settings import ProviderSettings, Settings
from lifecycle.smoke_test.credentials.secret import (
    ClientSecret,
    PasswordSecret,
    Secret,
    cannot_sign_in,
    in_time,
)
from lifecycle.smoke_test.credentials.token_request import read_document, request_token
from lifecycle.smoke_test.patience import Patience

_OTHER_CLIENT = "An access token of another client is refused"
_USERS_ID = "The ID token of the right user is refused"
_WRONG_SCOPE = "An access token with the wrong scope is refused"


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


def as_if_signed_in(identity: IdentityRecord) -> SignedIn:
    """What `sign_in` returns for an identity, with texts that are no tokens; nobody is asked.

    Args:
        identity: The identity section of a record.
    """
    if identity.type == "iam":
        return SignedIn()
    none = SecretStr("no.token")
    other: tuple[str, ...] = ()
    if identity.type == "cognito":
        machine = identity.flow == "clientCredentials"
        other = (_OTHER_CLIENT, _WRONG_SCOPE if machine else _USERS_ID)
    return SignedIn(token=none, refused=tuple((name, none) for name in other))


def sign_in(
    environment: str, identity: IdentityRecord, clients: Clients, patience: Patience
) -> SignedIn:
    """Get new tokens: the one that must be accepted and those that must be refused.

    Args:
        environment: The environment's name.
        identity: The identity section of its record.
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
        return with_provider(environment, identity, clients, patience, ProviderSettings.load())
    with late_tags(lambda: identity.tagged_at):
        stack = Settings.load().stack_name
        own = Secret.of_environment(clients, patience, identity, stack, environment)
        if identity.flow == "clientCredentials":
            return _as_machine(identity, clients, patience, own.read(ClientSecret))
        return _as_user(identity, clients, patience, own.read(PasswordSecret))


def _as_user(
    identity: IdentityRecord, clients: Clients, patience: Patience, secret: PasswordSecret
) -> SignedIn:

    def tokens(client_id: str | None) -> dict[str, str]:
        return in_time(
            "Cognito",
            patience,
            lambda: password_tokens(clients.cognito, identity, client_id, secret),
        )

    own = tokens(identity.client_id)
    other = tokens(identity.probe_client_id)
    return SignedIn(
        token=SecretStr(own["AccessToken"]),
        credential=secret.password,
        refused=(
            (_OTHER_CLIENT, SecretStr(other["AccessToken"])),
            (_USERS_ID, SecretStr(own["IdToken"])),
        ),
    )


def password_tokens(
    cognito: Any, identity: IdentityRecord, client_id: str | None, secret: PasswordSecret
) -> dict[str, str]:
    """Sign a test user in.

    Args:
        cognito: A boto3 Cognito client.
        identity: The identity section of the record.
        client_id: The app client.
        secret: The user's name and password.

    Returns:
        The tokens by Cognito's names, such as `AccessToken`.

    Raises:
        SmokeTestError: The user cannot sign in; `StaleSecretError` when a new secret would help.
    """
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
                f"check 'The test user signs in': expected tokens, seen {code} from AdminInitiateAuth; "
                "provision again, which creates the user and a new password"
            ) from None
        if code in ("ResourceNotFoundException", "InvalidParameterException"):
            raise cannot_sign_in(f"{code} from AdminInitiateAuth") from None
        raise
    if "AuthenticationResult" not in answer:
        raise StaleSecretError(
            "check 'The test user signs in': expected tokens, seen the challenge "
            f"{answer.get('ChallengeName')}; provision again, which sets a new password"
        )
    tokens: dict[str, str] = answer["AuthenticationResult"]
    return tokens


def _as_machine(
    identity: IdentityRecord, clients: Clients, patience: Patience, secret: ClientSecret
) -> SignedIn:
    probe = in_time(
        "Cognito",
        patience,
        lambda: app_clients.describe_client(
            clients.cognito, str(identity.user_pool_id), identity.probe_client_id
        ),
    )
    if probe is None:
        raise cannot_sign_in("no probe client from DescribeUserPoolClient")
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
                _OTHER_CLIENT,
                token(probe["ClientId"], SecretStr(probe["ClientSecret"]), identity.scope),
            ),
            (
                _WRONG_SCOPE,
                token(secret.client_id, secret.client_secret, identity.probe_scope),
            ),
        ),
    )


def with_provider(
    environment: str,
    identity: IdentityRecord,
    clients: Clients,
    patience: Patience,
    settings: ProviderSettings,
) -> SignedIn:
    """Exchange a caller's own secret for a token. Everything is checked before the secret's value is read.

    Args:
        environment: The environment's name.
        identity: The identity section of its record, of type `jwt`.
        clients: Secrets Manager and plain HTTPS.
        patience: How long to retry the provider.
        settings: The stack's name, and which providers it allows.

    Returns:
        The access token and the client secret.

    Raises:
        SmokeTestError: The provider or the secret is not allowed, or there is no token.
    """
    url = str(identity.discovery_url)
    allowed, place = hosts.refusal(url, settings), hosts.place_of(url)
    if allowed is not None or place is None:
        raise cannot_sign_in(
            f"the discovery URL {url[:200]}, allowed: {allowed}",
            "provision again with another auth.discoveryUrl",
        )
    use = Use(place.host, settings.stack_name, environment)
    secret, secret_hosts = Secret.of_provider(clients, patience, identity.token_secret_arn, use)
    network = settings.provider_networks
    document = read_document(clients, patience, url, network)
    try:
        endpoint = token_endpoint_of(document, url, secret_hosts, settings)
    except DiscoveryRefusedError as error:
        raise cannot_sign_in(f"at {url[:200]} {error}", "the secret was not read") from None
    client = secret.read(ClientSecret)
    return SignedIn(
        credential=client.client_secret,
        token=request_token(
            clients,
            patience,
            endpoint.url,
            client.client_id,
            client.client_secret,
            {"scope": client.scope, "audience": client.audience},
            in_body=endpoint.in_body,
            networks=network,
        ),
    )
