"""Deploy the gateway: make it in front of the runtime, repair it, or remove it if it is switched off."""

from __future__ import annotations

from typing import Literal

from lifecycle.clients import CLIENTS, Clients
from lifecycle.doors.section import GatewayChange, GatewayRecord
from lifecycle.entry import Wire
from lifecycle.errors import ServiceUnavailableError, WaitTimeoutError
from lifecycle.gateway import looks
from lifecycle.gateway.finding import find_gateway
from lifecycle.gateway.guarded.front import RuntimeFront
from lifecycle.gateway.guarded.role import GatewaySettings
from lifecycle.gateway.mcp.front import McpFront, is_mcp
from lifecycle.gateway.mcp.leaving import remove_own_role
from lifecycle.gateway.removal import GatewayRemover, RemovalNotes
from lifecycle.gateway.rules import own_rules
from lifecycle.gateway.step import Step
from lifecycle.record import Record
from lifecycle.request.closed.sign_in import is_closed
from lifecycle.request.model import Request
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.table import Records


class DeployedGateway(Wire):
    """The gateway, as the output shows it.

    Attributes:
        id: What AgentCore calls it.
        url: Its address; null until it was ready once.
        endpoint: The address that callers use: of an invocation of the runtime, or of the MCP server; null likewise.
        only: Whether the runtime answers only this gateway.
        change: What the execution did to the gateway and its target; null when it only tested them.
        repaired: Manual changes (drift) that were found and repaired.
    """

    id: str
    url: str | None
    endpoint: str | None
    only: bool
    change: GatewayChange | None
    repaired: list[str]


class GatewayResult(Polled):
    """What `deploy_gateway` returns.

    Attributes:
        gateway: The gateway; null when it was switched off, or is not there yet.
        repaired: As in `gateway`.
    """

    gateway: DeployedGateway | None
    repaired: list[str]


def deploy_gateway(event: StageEvent, *, clients: Clients = CLIENTS) -> GatewayResult:
    """Converge the gateway and its target to what the request and the runtime require. Called until done.

    Args:
        event: The stage's event; the deadline is the gateway's.
        clients: DynamoDB, AgentCore and IAM; for an MCP gateway also S3.

    Returns:
        The gateway, what was done and what was repaired.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        GatewayError: The gateway or its target failed, or somebody else's gateway has the name.
        ServiceUnavailableError: The name is in use, but no such gateway is listed yet, or not yet with its tags. Or a
            part of the gateway of a closed runtime is not ready yet.
        WaitTimeoutError: The deadline passed.
    """
    settings = GatewaySettings.load()
    stack, environment = settings.stack_name, event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(environment, event.execution)
    if not is_wanted(event.request, record):
        return _switch_off(event, clients, records, record, stack)
    step: Step | None
    if is_mcp(event.request, record):
        front = McpFront.of(event, record, records, clients)
        step, ledger = front.next_step(), front.ledger
    else:
        at_runtime = RuntimeFront(event, record, records, clients, settings)
        ledger = at_runtime.ledger
        step = at_runtime.next_step() if event.part is None else None
        if event.part is not None:
            _prepare(at_runtime, event.part)
    if step is not None:
        _keep_the_deadline(event, step.what, step.status)
    polled = looks.looked(event, done=step is None)
    only = is_closed(event.request, record)
    gateway = describe(ledger.section, event.execution, only=only)
    return GatewayResult(**polled, gateway=gateway, repaired=list(ledger.mine.repaired))


def is_wanted(request: Request, record: Record) -> bool:
    """Whether an environment is to have a gateway; a rollback keeps the one that it has."""
    if request.action == "rollback":
        return record.gateway is not None
    return request.gateway is not None


def describe(
    section: GatewayRecord, execution: str, *, only: bool = False
) -> DeployedGateway | None:
    """Say which gateway an environment has, for the output; None when it has none yet.

    Args:
        section: The section of the record.
        execution: ARN of the execution whose changes are told.
        only: Whether the runtime answers only this gateway.
    """
    if section.id is None:
        return None
    mine = section.deployment
    deployed = mine is not None and mine.execution == execution
    return DeployedGateway(
        id=section.id,
        url=section.url,
        endpoint=section.endpoint,
        only=only,
        change=mine.change if mine and deployed else None,
        repaired=list(mine.repaired) if mine and deployed else [],
    )


def _switch_off(
    event: StageEvent, clients: Clients, records: Records, record: Record, stack: str
) -> GatewayResult:
    """Remove the gateway that an earlier provision made; nothing else of the environment needs it."""
    environment, section = event.request.environment, record.gateway
    control = clients.agentcore_control
    if section is not None:
        observed, _ = find_gateway(
            *(control, section.id, section.name, stack, environment),
            intended=section.is_intended,
        )
        if observed is not None:
            remover = GatewayRemover(control, RemovalNotes(), own_rules(record))
            remover.remove(observed)
            _keep_the_deadline(event, remover.left[-1], "there")
            return GatewayResult(**looks.looked(event, done=False), gateway=None, repaired=[])
        if section.has_own_role:
            remove_own_role(clients, stack, environment)
        records.update(environment, event.execution, last=True, gateway=None)
    return GatewayResult(**looks.looked(event, done=True), gateway=None, repaired=[])


def _keep_the_deadline(event: StageEvent, what: str, status: str) -> None:
    if looks.is_last(event):
        raise WaitTimeoutError(
            f"{what} was still {status} after {looks.seconds(event)} s; look at it in the "
            "AgentCore console, and retry"
        )


def _prepare(front: RuntimeFront, part: Literal["gateway", "candidate"]) -> None:
    """Do the next step for a closed runtime, before its version is promoted."""
    step = front.prepare(part)
    if step is not None:
        # These two states have no loop: each would add more events to the history than a retry does.
        raise ServiceUnavailableError(
            f"{step.what} is still {step.status}; the lifecycle retries this step"
        )
