"""A call through a gateway: its address, and what it is allowed on."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.doors.address import GATEWAY_TARGET, invocation_address
from lifecycle.smoke_test.invocation import Target

_OWN_OPERATIONS = ("InvokeGateway",)


@dataclass(frozen=True)
class ThroughGateway(Target):
    """The runtime to call through its gateway, and the session.

    Attributes:
        gateway_arn: The gateway's ARN.
        gateway_url: Its address as `GetGateway` gives it.
        target: The gateway's target that is called.
    """

    gateway_arn: str
    gateway_url: str
    target: str = GATEWAY_TARGET

    def url(self, endpoint: str, path: str) -> str:
        """The URL of a call: below the gateway's target, whatever AgentCore's data plane is.

        Args:
            endpoint: Not used.
            path: The path of the operation below the runtime's.
        """
        address = invocation_address(self.gateway_url, self.target)
        return f"{address.removesuffix('/invocations')}/{path}"

    def resource_of(self, operation: str) -> str:
        """The ARN of what an operation is allowed on: the gateway, or the runtime behind it."""
        return self.gateway_arn if operation in _OWN_OPERATIONS else self.arn
