"""Which permissions a request to AgentCore Identity needs, as far as the request itself says.

Which identity a workload access token stands for, and where a provider's secret is, only the service knows: it asks for
those itself. Sources: service authorization reference; AgentCore developer guide, "Scope down access to credential
providers by workload identity"; that the first provider needs `CreateTokenVault` and the rights on its secret, users
report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.edge.iam.permission import Members, Permission, Place

_PREFIX = "bedrock-agentcore"
_PROVIDERS = re.compile(
    r"(?P<verb>Create|Get|List|Update|Delete)(?P<kind>ApiKey|Oauth2)CredentialProviders?"
)
_IDENTITIES = re.compile(r"(Create|Get|List|Update|Delete)WorkloadIdent(ity|ities)")
_USES = {"GetResourceApiKey": "apikey", "GetResourceOauth2Token": "oauth2"}
_ON_SECRETS = {"Create": "CreateSecret", "Update": "PutSecretValue", "Delete": "DeleteSecret"}


def of_identities(operation: str, members: Members, place: Place) -> list[Permission] | None:
    """Return what a request to the control plane needs; `None` for other operations."""
    provider = _PROVIDERS.fullmatch(operation)
    if provider is not None:
        kind = provider["kind"].lower()
        return [*_of_provider(operation, provider["verb"], kind, members, place)]
    if operation == "GetTokenVault":
        vault = f"token-vault/{members.get('tokenVaultId', 'default')}"
        return [Permission(f"{_PREFIX}:{operation}", place.arn(_PREFIX, vault))]
    if _IDENTITIES.fullmatch(operation):
        return [*_of_identity(operation, members.get("name"), members, place)]
    return None


def of_identity_use(operation: str, members: Members, place: Place) -> list[Permission] | None:
    """Return what a request to the data plane needs; `None` for other operations."""
    if operation.startswith("GetWorkloadAccessToken"):
        return [*_of_identity(operation, members.get("workloadName"), members, place)]
    kind = _USES.get(operation)
    if kind is None:
        return None
    action = f"{_PREFIX}:{operation}"
    name = members.get("resourceCredentialProviderName")
    return [
        Permission(action, _vault(place)),
        Permission(action, f"{_vault(place)}/{kind}credentialprovider/{name}"),
        Permission(action, _directory(place)),
    ]


def _of_provider(
    operation: str, verb: str, kind: str, members: Members, place: Place
) -> Iterator[Permission]:
    action, name = f"{_PREFIX}:{operation}", members.get("name")
    yield Permission(action, _vault(place))
    if verb == "List":
        return
    provider = f"{_vault(place)}/{kind}credentialprovider/{name}"
    yield Permission(action, provider)
    if verb == "Create":
        yield Permission(f"{_PREFIX}:CreateTokenVault", _vault(place))
        if members.get("tags"):
            yield Permission(f"{_PREFIX}:TagResource", provider)
    if verb in _ON_SECRETS and not _has_own_secret(members):
        secret = f"secret:bedrock-agentcore-identity!default/{kind}/{name}-??????"
        yield Permission(f"secretsmanager:{_ON_SECRETS[verb]}", place.arn("secretsmanager", secret))


def _has_own_secret(members: Members) -> bool:
    configuration = members.get("oauth2ProviderConfigInput") or {}
    custom = configuration.get("customOauth2ProviderConfig") or {}
    sources = (members.get("apiKeySecretSource"), custom.get("clientSecretSource"))
    return "EXTERNAL" in sources


def _of_identity(
    operation: str, name: object, members: Members, place: Place
) -> Iterator[Permission]:
    action = f"{_PREFIX}:{operation}"
    yield Permission(action, _directory(place))
    if name is None:
        return
    identity = f"{_directory(place)}/workload-identity/{name}"
    yield Permission(action, identity)
    if operation.startswith("Create") and members.get("tags"):
        yield Permission(f"{_PREFIX}:TagResource", identity)


def _vault(place: Place) -> str:
    return place.arn(_PREFIX, "token-vault/default")


def _directory(place: Place) -> str:
    return place.arn(_PREFIX, "workload-identity-directory/default")
