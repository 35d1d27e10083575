"""Make the gateway before the runtime that answers only it, and then the way to the version under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from lifecycle.errors import AwsCallError, GatewayError
from lifecycle.gateway.closed.candidate import CandidateTarget
from lifecycle.gateway.itself import GatewayConverger
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.removal import gateway_label
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import Wanted
from lifecycle.record import Record
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT
from lifecycle.runtime.rollback.candidate import endpoint_under_test
from lifecycle.table import Records


def next_step(
    control: Any,
    part: Literal["gateway", "candidate"],
    wanted: Wanted,
    ledger: GatewayLedger,
    records: Records,
    record: Record,
    stack: str,
    close: Callable[[], None] = lambda: None,
) -> Step | None:
    """Do the next step.

    Args:
        control: AgentCore's control plane.
        part: `gateway`: the gateway alone, and the record says that the runtime is to answer only it. `candidate`: the
            gateway, and a target that leads to the version under test.
        wanted: How everything must be.
        ledger: Where changes are recorded before they are made.
        records: The environments table.
        record: The environment's record.
        stack: The stack's name.
        close: Closes a runtime that has no lock in its versions, when the gateway is ready.

    Returns:
        What is waited for; None when the part is there and ready.

    Raises:
        AwsCallError: The identity is not provisioned.
        GatewayError: As `lifecycle.gateway.converge`; or the runtime is closed to another gateway than this.
        ServiceUnavailableError: As `lifecycle.gateway.converge`.
    """
    environment = record.environment
    step, observed = GatewayConverger(control, wanted, ledger, stack, environment).step()
    if step is not None or observed is None:
        return step
    url = observed.get("gatewayUrl")
    if url is None:
        return Step(gateway_label(observed["gatewayId"]), "READY, but without an address")
    ledger.finish(url=url)
    endpoint = DEFAULT_ENDPOINT
    if record.runtime is not None:
        endpoint = endpoint_under_test(record.runtime, ledger.execution)
    identity = record.identity
    if part == "candidate" and endpoint != DEFAULT_ENDPOINT and record.runtime is not None:
        # Only versions that are closed as `live` is are restored.
        identity = record.runtime.live_identity
    if identity is None:
        raise AwsCallError("the identity is not provisioned; start the execution again")
    arn = observed["gatewayArn"]
    if part == "candidate":
        if identity.only_gateway != arn:
            raise GatewayError(
                f"the runtime answers only {identity.only_gateway}, and the gateway of environment '{environment}' is "
                f"now {arn}; provision again, which closes the runtime to that one"
            )
        close()
        return CandidateTarget(control, wanted, ledger, observed["gatewayId"]).step(endpoint)
    if identity.only_gateway != arn:
        closed = identity.model_copy(update={"only_gateway": arn})
        records.update(environment, ledger.execution, last=True, identity=closed)
    return None
