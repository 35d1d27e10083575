"""What is asked: an endpoint of an environment's runtime, and how its callers sign in."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from cli.environments.record import read_record
from cli.errors import CommandError
from cli.invocation import hint
from cli.target.deployed import Deployed
from lifecycle.errors import LifecycleError
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.invocation import Target
from lifecycle.smoke_test.tested.subject import subject_of
from lifecycle.smoke_test.through import way_to

NEWEST_ENDPOINT = "DEFAULT"
"""The endpoint that AgentCore makes with a runtime; it serves the newest version."""


@dataclass(frozen=True)
class Asked:
    """An endpoint that can be called.

    Attributes:
        environment: The environment's name.
        runtime_id: The runtime's id.
        runtime_arn: The runtime's ARN.
        endpoint: The endpoint's name.
        version: The version that it serves; `None` for an endpoint that the lifecycle did not make.
        protocol: The protocol of the agent, as the input names it.
        identity: How callers sign in.
        gateway_address: Where the endpoint is called if it answers only its gateway; `None` for its own address.
    """

    environment: str
    runtime_id: str
    runtime_arn: str
    endpoint: str
    version: str | None
    protocol: str
    identity: IdentityRecord
    gateway_address: str | None = None

    @property
    def endpoint_option(self) -> tuple[str, ...]:
        """The words that select the endpoint in a command; none for `live`."""
        return () if self.endpoint == LIVE_ENDPOINT else ("--endpoint", shlex.quote(self.endpoint))


def find_asked(deployed: Deployed, environment: str, endpoint: str) -> Asked:
    """Find an endpoint of an environment.

    Args:
        deployed: The stack.
        environment: The environment's name.
        endpoint: The endpoint's name.

    Raises:
        UsageError: There is no such environment.
        CommandError: It has no runtime yet, or nothing is promoted to `live` yet.
        DeniedError: The caller may not read the table.
    """
    record = read_record(deployed, environment)
    runtime = record.runtime
    if runtime is None or not runtime.arn or record.identity is None:
        raise CommandError(_nothing(deployed, record, "has no runtime yet"))
    if endpoint == LIVE_ENDPOINT and runtime.live_version is None:
        raise CommandError(_nothing(deployed, record, "has no live version yet"))
    items = PromotionItems(deployed.client("dynamodb"), deployed.output("EnvironmentsTableName"))
    subject = subject_of(record, environment)
    try:
        identity = subject.identity_at(endpoint, items)
    except LifecycleError as error:
        raise CommandError(str(error)) from error
    candidate = runtime.candidate.version if runtime.candidate else None
    versions = {
        LIVE_ENDPOINT: runtime.live_version,
        NEWEST_ENDPOINT: runtime.version,
        "candidate": candidate,
    }
    return Asked(
        environment=environment,
        runtime_id=str(runtime.id),
        runtime_arn=runtime.arn,
        endpoint=endpoint,
        version=versions.get(endpoint),
        protocol=_protocol(record, endpoint),
        identity=identity,
        gateway_address=_gateway_address(record, runtime.arn, endpoint, identity),
    )


def _gateway_address(
    record: Record, arn: str, endpoint: str, identity: IdentityRecord
) -> str | None:
    direct = Target(arn, endpoint, session_id="")
    try:
        way = way_to(direct, identity, record)
    except LifecycleError as error:
        raise CommandError(str(error)) from error
    return way.url("", "invocations") if way != direct else None


def _protocol(record: Record, endpoint: str) -> str:
    # `live` was made by the last provision that succeeded, whatever was tried since.
    request = record.request or {}
    if endpoint == LIVE_ENDPOINT:
        request = record.proven_request or request
    return str((request.get("runtime") or {}).get("protocol") or "HTTP")


def _nothing(deployed: Deployed, record: Record, what: str) -> str:
    """Say what an environment does not have yet, why, and what to do."""
    begun = f"environment {record.environment} {what}"
    run = hint("run", deployed.options, "--environment", record.environment)
    if record.lock is not None:
        return (
            f"{begun}: execution {record.lock.execution} works on it; ask again when it has ended"
        )
    reason = f": {record.state_reason}" if record.state_reason else ""
    newest = ""
    if record.runtime is not None and record.runtime.version is not None:
        newest = f"; --endpoint {NEWEST_ENDPOINT} asks its version {record.runtime.version}"
    return f"{begun} (state {record.state}{reason}){newest}; to provision it:\n  {run}"
