"""The role of an agent with credentials: what all agents may do, and the use of its own providers alone.

Source: AgentCore developer guide, "Scope down access to credential providers by workload identity": token vault,
provider, directory and identity are all asked for; and the secret is read with the rights of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lifecycle import names
from lifecycle.credentials.calls import API_KEY
from lifecycle.roles.wanted import Policy, WantedRole, policy_of, trust_of
from lifecycle.sections.credentials import ProviderRecord

PURPOSE = "agent"


@dataclass(frozen=True)
class Place:
    """Where the stack is.

    Attributes:
        partition: Such as `aws`.
        region: The Region.
        account: The account's id.
    """

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, role_arn: str, region: str) -> Place:
        """Read it from the ARN of a role of the stack."""
        _, partition, _, _, account, _ = role_arn.split(":", 5)
        return cls(partition, region, account)

    def arn(self, resource: str) -> str:
        """The ARN of a resource of AgentCore, as policies name it."""
        return f"arn:{self.partition}:bedrock-agentcore:{self.region}:{self.account}:{resource}"


def agent_role(
    stack: str,
    environment: str,
    providers: Iterable[ProviderRecord],
    place: Place,
    *,
    boundary: str,
    base: str,
    tags: dict[str, str],
) -> WantedRole:
    """The role of an environment's agent.

    Args:
        stack: The stack's name.
        environment: Which environment.
        providers: The providers that it may use.
        place: Where the stack is.
        boundary: ARN of the permissions boundary.
        base: ARN of the policy that all agents have.
        tags: The caller's tags.
    """
    return WantedRole.of(
        stack,
        environment,
        PURPOSE,
        trust=trust_of(place.account, place.arn("*")),
        policy=agent_policy(stack, environment, providers, place),
        boundary=boundary,
        tags_too=tags,
        attached=frozenset({base}),
    )


def agent_policy(
    stack: str, environment: str, providers: Iterable[ProviderRecord], place: Place
) -> Policy:
    """What an agent may do besides what all agents may."""
    directory = place.arn("workload-identity-directory/default")
    # The identity of a runtime is called like the runtime, whose id is not known before it is made.
    identity = f"{directory}/workload-identity/{names.runtime_name(stack, environment)}-*"
    statements: list[Policy] = [
        _allow(
            [
                "bedrock-agentcore:GetWorkloadAccessToken",
                "bedrock-agentcore:GetWorkloadAccessTokenForJWT",
                "bedrock-agentcore:GetWorkloadAccessTokenForUserId",
            ],
            [directory, identity],
        )
    ]
    every = sorted(providers, key=lambda one: one.name)
    vault = place.arn("token-vault/default")
    for kind, action, folder in (
        (API_KEY, "GetResourceApiKey", "apikeycredentialprovider"),
        ("oauth2", "GetResourceOauth2Token", "oauth2credentialprovider"),
    ):
        mine = [f"{vault}/{folder}/{one.name}" for one in every if one.type == kind]
        if mine:
            resources = [vault, *mine, directory, identity]
            statements.append(_allow([f"bedrock-agentcore:{action}"], resources))
    secrets = sorted({one.secret_arn for one in every})
    if secrets:
        statements.append(_allow(["secretsmanager:GetSecretValue"], secrets))
    return policy_of(*statements)


def _allow(actions: list[str], resources: list[str]) -> Policy:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
