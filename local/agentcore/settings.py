"""How long the local AgentCore takes and where its limits are; all of it can change at run time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
"""Returns seconds since the epoch. Tests put their own in place of `time.time`."""


@dataclass
class Delays:
    """How long a state lasts, in seconds. Read when a change starts.

    Attributes:
        create: CREATING of a runtime.
        update: UPDATING of a runtime.
        delete: DELETING of a runtime, of one of its versions, or of an endpoint.
        endpoint: CREATING and UPDATING of an endpoint that is not `DEFAULT`.
        gateway: CREATING, UPDATING and DELETING of a gateway, and of each of its targets and rules.
        spans: Until a query of CloudWatch Logs finds the spans of a call; in AWS, some minutes.
    """

    create: float = 3.0
    update: float = 2.0
    delete: float = 2.0
    endpoint: float = 1.0
    gateway: float = 1.0
    spans: float = 2.0


@dataclass
class Quotas:
    """Limits of the account; the defaults are those of the AgentCore developer guide, "Quotas".

    Attributes:
        runtimes: Runtimes in the account.
        versions: Versions of one runtime.
        endpoints: Endpoints of one runtime, `DEFAULT` among them.
        gateways: Gateways in the account.
        gateway_targets: Targets of one gateway.
        gateway_target_operations: Targets of the account that can be changing at once.
        gateway_rules: Rules of one gateway.
        gateway_mutations_per_second: Creates, updates and deletes of gateways, their targets and rules.
        inline_schema_bytes: Size of the tools of one Lambda target.
        tags: Tags of one resource.
        zip_bytes: Size of a code zip.
        unpacked_bytes: Size of a code zip, unpacked.
        control_mutations_per_second: Creates, updates and deletes.
        new_sessions_per_second: Sessions that can be started.
        startup_seconds: Until a new agent process has to answer `/ping` (or listen, for MCP).
        request_seconds: How long a synchronous request may be silent (15 minutes).
        stream_seconds: How long a streamed answer may last (60 minutes).
        payload_bytes: Size of a request body; botocore's model has the same number.
    """

    runtimes: int = 1000
    versions: int = 1000
    endpoints: int = 10
    gateways: int = 1000
    gateway_targets: int = 100
    gateway_target_operations: int = 5
    gateway_rules: int = 20
    gateway_mutations_per_second: int = 5
    inline_schema_bytes: int = 1024 * 1024
    tags: int = 50
    zip_bytes: int = 250 * 1024 * 1024
    unpacked_bytes: int = 750 * 1024 * 1024
    control_mutations_per_second: int = 50
    new_sessions_per_second: int = 25
    startup_seconds: float = 60.0
    request_seconds: float = 15 * 60.0
    stream_seconds: float = 60 * 60.0
    payload_bytes: int = 100_000_000
