"""Calls to AgentCore's control plane about the resource policy of a runtime."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.runtime.agentcore import is_not_found


def get_policy(control: Any, runtime_arn: str) -> str | None:
    """Read the policy; None when the runtime has none, or is gone. What AgentCore answers then is not documented."""
    try:
        answer = control.get_resource_policy(resourceArn=runtime_arn)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return answer.get("policy") or None


def put_policy(control: Any, runtime_arn: str, policy: dict[str, Any]) -> None:
    """Write the policy, in the place of the one that is there."""
    control.put_resource_policy(resourceArn=runtime_arn, policy=json.dumps(policy))


def delete_policy(control: Any, runtime_arn: str) -> bool:
    """Delete the policy.

    Returns:
        False when AgentCore says that there is none.
    """
    try:
        control.delete_resource_policy(resourceArn=runtime_arn)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return False
    return True
