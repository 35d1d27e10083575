"""The role of a gateway: whether it is there, and whether the gateway may assume it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from local.agentcore.control.account import SERVICE_PRINCIPAL, is_unseen
from local.agentcore.control.gateways.records import Gateway
from local.agentcore.model.errors import invalid_field
from local.edge.iam.trust import may_assume
from local.readings import Readings


class GatewayRoles:
    """Looks roles up.

    The trust policy does not count when a gateway is made or updated, only when it calls a target: with a wrong one the
    gateway is READY, its list of tools works, and its calls fail (awslabs/agentcore-samples#1035).

    Args:
        clients: The local AWS.
        account_id: Account of the gateways.
        readings: Says whether a role is seen as soon as it is made.
    """

    def __init__(self, clients: Callable[[str], Any], account_id: str, readings: Readings) -> None:
        self._clients = clients
        self._account_id = account_id
        self._readings = readings

    def check(self, role_arn: str) -> None:
        """Check that a role is there.

        Raises:
            ServiceError: ValidationException; AWS's own answer is not documented.
        """
        if self._found(role_arn) is None:
            raise invalid_field("roleArn", f"The role '{role_arn}' does not exist.")

    def seen(self, role_arn: str) -> bool:
        """Say whether AgentCore sees a role."""
        return self._found(role_arn) is not None

    def assumable(self, gateway: Gateway) -> bool:
        """Say whether a gateway may assume its role now."""
        found = self._found(gateway.members["roleArn"])
        if found is None:
            return False
        document = found["AssumeRolePolicyDocument"]
        policy = json.loads(unquote(document)) if isinstance(document, str) else document
        sent = {"aws:SourceAccount": self._account_id, "aws:SourceArn": gateway.arn}
        return may_assume(policy, SERVICE_PRINCIPAL, sent)

    def _found(self, role_arn: str) -> dict[str, Any] | None:
        try:
            role = self._clients("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchEntity", "NoSuchEntityException"):
                return None
            raise
        seen = role["Arn"] == role_arn and not is_unseen(role, self._readings)
        return role if seen else None
