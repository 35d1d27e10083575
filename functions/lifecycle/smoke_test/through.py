"""A call through a gateway: its address, what it is allowed on, and which runtimes are called so."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.doors.address import GATEWAY_TARGET, invocation_address
from lifecycle.doors.lock import CANDIDATE_TARGET
from lifecycle.doors.section import GatewayRecord
from lifecycle.errors import SmokeTestError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.record import Record
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.invocation import Target

INVOKE_GATEWAY = "InvokeGateway"
"""The operation that is allowed on the gateway itself; all others are allowed on the runtime behind it."""


@dataclass(frozen=True)
class ThroughGateway(Target):
    """The runtime to call through its gateway, and the session.

    Attributes:
        gateway_arn: The gateway's ARN.
        gateway_url: Its address as `GetGateway` gives it.
        target: The gateway's target that is called.
        calling_role: See `Target`.
    """

    gateway_arn: str
    gateway_url: str
    target: str = GATEWAY_TARGET
    calling_role: str = ""

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
        return self.gateway_arn if operation == INVOKE_GATEWAY else self.arn


def calling_role_of(gateway: GatewayRecord, identity: IdentityRecord) -> str:
    """The name of the role of its own with which a gateway calls a closed runtime whose callers sign with IAM.

    Args:
        gateway: The gateway's section of the record.
        identity: How callers of the version sign in.

    Returns:
        Empty where the gateway passes on what its callers sign in with, whatever role a failed attempt left.
    """
    closed = identity.type == "iam" and identity.only_gateway is not None
    return gateway.caller.name if closed and gateway.caller is not None else ""


def way_to(direct: Target, identity: IdentityRecord, record: Record) -> Target:
    """The way on which an endpoint answers: its own address, or its gateway's if it answers only that.

    Args:
        direct: The endpoint at its own address, and the session.
        identity: How callers of the endpoint sign in.
        record: The environment's record.

    Raises:
        SmokeTestError: The record has another gateway than that, or none.
    """
    if identity.only_gateway is None:
        return direct
    gateway = record.gateway
    if gateway is None or gateway.arn != identity.only_gateway or not gateway.url:
        raise SmokeTestError(
            f"check 'The runtime's gateway is there': expected {identity.only_gateway}, the only one that the endpoint "
            f"{direct.qualifier} answers, seen {gateway.arn if gateway else 'none'} in the record; provision again, "
            "which closes the runtime to the environment's gateway"
        )
    return ThroughGateway(
        *(direct.arn, direct.qualifier, direct.session_id),
        gateway_arn=identity.only_gateway,
        gateway_url=gateway.url,
        target=GATEWAY_TARGET if direct.qualifier == LIVE_ENDPOINT else CANDIDATE_TARGET,
        calling_role=calling_role_of(gateway, identity),
    )
