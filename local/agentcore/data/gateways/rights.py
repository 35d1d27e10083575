"""With which rights a gateway calls a target: its role's, the caller's, or those of the caller's token.

Source: AgentCore developer guide, "Set up outbound authorization for your gateway".
"""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug import Request

from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.control.gateways.roles import GatewayRoles
from local.agentcore.control.rights import Lacks
from local.agentcore.model.errors import ServiceError
from local.edge.iam.permission import BEARER, Permission

_GENERIC = "The gateway is not allowed to call the target."


class OutboundRights:
    """Checks what a gateway does in somebody's name.

    Args:
        roles: The gateways' roles.
        lacks: Says what a role may not do.
        root: ARN of the account's root user, whom only policies of resources limit.
    """

    def __init__(self, roles: GatewayRoles, lacks: Lacks, root: str) -> None:
        self._roles = roles
        self._lacks = lacks
        self._root = root

    def check_bearer(self, gateway: Gateway) -> None:
        """Check that the policy of a gateway, if it has one, lets a caller with a token in.

        Raises:
            ServiceError: AccessDeniedException.
        """
        reason = self._lacks(BEARER, [Permission("bedrock-agentcore:InvokeGateway", gateway.arn)])
        if reason is not None:
            raise ServiceError("AccessDeniedException", reason)

    def check(
        self,
        request: Request | None,
        gateway: Gateway,
        target: Target,
        wanted: Iterable[Permission],
    ) -> None:
        """Check that a target may be called.

        Args:
            request: The caller's request; `None` where the caller does not matter.
            gateway: The gateway.
            target: The target.
            wanted: What the call needs, if it is made with the rights of a role.

        Raises:
            ServiceError: AccessDeniedException; it says why only if the gateway's `exceptionLevel` is DEBUG.
        """
        reason = self._reason(request, gateway, target, wanted)
        if reason is not None:
            detailed = gateway.members.get("exceptionLevel") == "DEBUG"
            raise ServiceError("AccessDeniedException", reason if detailed else _GENERIC)

    def _reason(
        self,
        request: Request | None,
        gateway: Gateway,
        target: Target,
        wanted: Iterable[Permission],
    ) -> str | None:
        if target.credentials is None:
            return None
        if target.credentials == "JWT_PASSTHROUGH":
            if gateway.members["authorizerType"] == "CUSTOM_JWT":
                return None
            return f"The target '{target.name}' needs a caller with a token."
        if target.credentials in ("GATEWAY_IAM_ROLE", "OAUTH", "API_KEY"):
            role = gateway.members["roleArn"]
            if not self._roles.assumable(gateway):
                return f"The gateway '{gateway.id}' may not assume the role '{role}'."
            return self._lacks(role, wanted)
        if gateway.members["authorizerType"] != "AWS_IAM":
            return f"The target '{target.name}' needs a caller with IAM credentials."
        call = request.environ.get("local.call") if request is not None else None
        caller = call.caller if call is not None else None
        if caller is None:
            return None
        principal = self._root if caller.kind == "root" else caller.role_arn
        return None if principal is None else self._lacks(principal, wanted)
