"""Signs in as the environment's own caller: its test user, its machine client, or the client of its provider."""

from __future__ import annotations

import base64
import json

from pydantic import SecretStr

from cli.asking.clients import CallerClients
from cli.asking.subject import Asked
from cli.errors import CommandError, UsageError
from cli.invocation import ask_again
from cli.target.deployed import Deployed
from lifecycle.errors import LifecycleError
from lifecycle.identity.oauth import token_endpoint
from lifecycle.record import timestamp
from lifecycle.settings import ProviderSettings
from lifecycle.smoke_test.credentials.secret import ClientSecret, PasswordSecret, Secret
from lifecycle.smoke_test.credentials.token_request import request_token
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.sign_in import SignedIn, password_tokens, with_provider

_SECONDS = 60.0
_ADVICE = "let your credentials read the secret (secretsmanager:GetSecretValue)"


def sign_in(deployed: Deployed, asked: Asked, clients: CallerClients) -> SignedIn:
    """Get an access token with the caller's own credentials.

    Args:
        deployed: The stack.
        asked: What is to be called.
        clients: Secrets Manager, Cognito and plain HTTPS.

    Returns:
        The token, and what it was asked for with; neither for `iam`, whose calls are signed.

    Raises:
        CommandError: There is no token; the message says why.
        DeniedError: The caller may not read the secret, or not sign the user in.
    """
    try:
        return _signed_in(deployed, asked, clients)
    except LifecycleError as error:
        # The product names the check that failed; here there is none.
        _, _, reason = str(error).rpartition("The caller signs in': ")
        raise CommandError(f"cannot sign in to environment {asked.environment}: {reason}") from None


def refuse_iam(deployed: Deployed, asked: Asked) -> None:
    """Refuse to look for a token where callers sign their calls.

    Raises:
        UsageError: They do.
    """
    if asked.identity.type == "iam":
        raise UsageError(
            f"environment {asked.environment} has auth.type iam, so there is no token: its callers sign with AWS "
            f"credentials; to ask it:\n  {ask_again(deployed.options, asked.environment)}"
        )


def expiry_of(token: str) -> str | None:
    """Return when a token expires, in UTC and ISO 8601; `None` if it does not say so. The token is not verified."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return timestamp(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, OverflowError):
        # Not every provider's access token is a JSON Web Token.
        return None


def _signed_in(deployed: Deployed, asked: Asked, clients: CallerClients) -> SignedIn:
    identity, patience = asked.identity, Patience(_SECONDS)
    if identity.type == "iam":
        return SignedIn()
    if identity.type == "jwt":
        settings = ProviderSettings(
            stack_name=deployed.name,
            table_name=deployed.output("EnvironmentsTableName"),
            provider_hosts=tuple(deployed.parameters.get("ProviderHosts", "").split(",")),
            provider_networks="any"
            if deployed.parameters.get("ProviderNetworks") == "any"
            else "public",
        )
        return with_provider(asked.environment, identity, clients, patience, settings)
    secret = Secret(clients, patience, identity.secret_arn, _ADVICE)
    if identity.flow == "clientCredentials":
        machine = secret.read(ClientSecret)
        token = request_token(
            clients,
            patience,
            token_endpoint(clients.cognito, str(identity.domain)),
            machine.client_id,
            machine.client_secret,
            {"scope": identity.scope},
        )
        return SignedIn(token=token, credential=machine.client_secret)
    user = secret.read(PasswordSecret)
    tokens = password_tokens(clients.cognito, identity, identity.client_id, user)
    return SignedIn(token=SecretStr(tokens["AccessToken"]), credential=user.password)
