"""The lock of a runtime that answers only its gateway: a member of its JWT authorizer, and whether it is wanted.

Source: AgentCore developer guide, "Authenticate and authorize with Inbound Auth" (`allowedWorkloadConfiguration`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOCK = "allowedWorkloadConfiguration"
"""The member of `customJWTAuthorizer` that names where a call may come from."""
CANDIDATE_TARGET = "candidate"
"""The gateway's target for the version under test of a closed runtime. It is removed after the promotion."""


def locked(authorizer: Mapping[str, Any] | None, gateway_arn: str | None) -> dict[str, Any] | None:
    """An authorizer that takes calls only from a gateway.

    Args:
        authorizer: The runtime's `authorizerConfiguration`; None for IAM, which has no such lock.
        gateway_arn: The gateway; None for an open runtime.
    """
    if authorizer is None:
        return None
    if gateway_arn is None:
        return dict(authorizer)
    lock = {"hostingEnvironments": [{"arn": gateway_arn}]}
    return {"customJWTAuthorizer": {**authorizer["customJWTAuthorizer"], LOCK: lock}}
