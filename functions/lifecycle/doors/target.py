"""What a gateway's target that leads to the environment's runtime is made of.

Source: botocore's model, `CreateGatewayTarget`.
"""

from __future__ import annotations

from typing import Any

OWN_ROLE = "GATEWAY_IAM_ROLE"
"""The `credentialProviderType` with which a gateway calls by itself."""


def credential_type(*, iam: bool, by_role: bool) -> str:
    """The target's `credentialProviderType`.

    Args:
        iam: Callers of the gateway sign with IAM, not with a token.
        by_role: The gateway calls the runtime with its own role. Otherwise it passes on what its caller signs in with.
    """
    if by_role:
        return OWN_ROLE
    return "CALLER_IAM_CREDENTIALS" if iam else "JWT_PASSTHROUGH"


def runtime_target(name: str, runtime_arn: str, endpoint: str, credentials: str) -> dict[str, Any]:
    """What `CreateGatewayTarget` gets.

    Args:
        name: The target's name.
        runtime_arn: The runtime.
        endpoint: The name of the endpoint that it leads to.
        credentials: What `credential_type` returns.
    """
    runtime = {"arn": runtime_arn, "qualifier": endpoint}
    return {
        "name": name,
        "targetConfiguration": {"http": {"agentcoreRuntime": runtime}},
        "credentialProviderConfigurations": [{"credentialProviderType": credentials}],
    }
