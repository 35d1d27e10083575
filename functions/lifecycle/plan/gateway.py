"""What would happen to the gateway: the stage's own code, and AgentCore's control plane only reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle import names
from lifecycle.gateway.deploy import is_wanted
from lifecycle.gateway.finding import find_gateway
from lifecycle.gateway.guarded.front import RuntimeFront
from lifecycle.gateway.guarded.role import GatewaySettings
from lifecycle.gateway.itself import GatewayConverger
from lifecycle.gateway.mcp.front import McpFront, is_mcp
from lifecycle.gateway.mcp.leaving import has_own_role, role_label
from lifecycle.gateway.removal import would_remove
from lifecycle.gateway.rules import own_rules, remove_foreign_rules
from lifecycle.gateway.target import TargetConverger
from lifecycle.gateway.wanted import Wanted
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.output import PlannedGateway
from lifecycle.plan.reading import Answer, ReadingClients, unmade
from lifecycle.record import Record
from lifecycle.request.closed.sign_in import is_closed
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.identity import IdentityRecord

TESTED = "whether the gateway passes its test, which comes after `live` has moved"


def gateway_answers() -> dict[str, Answer]:
    """The answers to the calls that would change a gateway, for `ReadingClients`."""

    def nothing(_: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    made = {
        "gatewayId": unmade("the gateway"),
        "gatewayArn": unmade("the gateway"),
        "status": "CREATING",
    }
    target = {"targetId": unmade("the gateway's target"), "status": "CREATING"}
    changes = (
        "update_gateway",
        "update_gateway_target",
        "delete_gateway",
        "delete_gateway_target",
        "delete_gateway_rule",
    )
    return {
        **dict.fromkeys(changes, nothing),
        "create_gateway": lambda _: made,
        "create_gateway_target": lambda _: target,
    }


def plan_lock(
    event: StageEvent, clients: ReadingClients, records: DraftRecords, settings: GatewaySettings
) -> None:
    """Note in the draft which gateway the runtime would answer only, as the stage does before the runtime is made.

    Args:
        event: The execution and its request.
        clients: With the answers of `gateway_answers`.
        records: The identity as it would be.
        settings: The stack.

    Raises:
        LifecycleError: As `deploy_gateway`.
    """
    record = records.draft
    if record.identity is None or not is_closed(event.request, record):
        return
    stack, environment = settings.stack_name, event.request.environment
    recorded = record.gateway.id if record.gateway else None
    name = names.gateway_name(stack, environment)
    there, _ = find_gateway(clients.agentcore_control, recorded, name, stack, environment)
    arn = there["gatewayArn"] if there else unmade("the gateway")
    closed = record.identity.model_copy(update={"only_gateway": arn})
    records.update(environment, event.execution, identity=closed)


def plan_gateway(
    event: StageEvent, clients: ReadingClients, records: DraftRecords, settings: GatewaySettings
) -> PlannedGateway | None:
    """Let the stage run, and tell what it would have done.

    Args:
        event: The execution and its request.
        clients: With the answers of `gateway_answers`.
        records: The runtime as it would be.
        settings: The stack, and the gateways' role.

    Returns:
        What would happen; None when there is no gateway and none is asked for, without a call.

    Raises:
        LifecycleError: As `deploy_gateway`.
    """
    record, control = records.draft, clients.agentcore_control
    stack, environment = settings.stack_name, event.request.environment
    if not is_wanted(event.request, record):
        if record.gateway is None:
            return None
        section = record.gateway
        there, _ = find_gateway(control, section.id, section.name, stack, environment)
        removes = would_remove(control, there["gatewayId"]) if there else []
        if section.has_own_role and has_own_role(clients, stack, environment):
            removes.append(role_label(stack, environment))
        return PlannedGateway(change="remove", name=section.name, removes=removes)
    return _plan_wanted(event, clients, records, settings, _with_runtime(record, None))


def plan_gateway_back(
    event: StageEvent,
    clients: ReadingClients,
    records: DraftRecords,
    settings: GatewaySettings,
    identity: IdentityRecord | None,
) -> PlannedGateway | None:
    """Let the stage run as after the promotion of a rollback, and tell what it would have done.

    Args:
        event: The execution and its request.
        clients: With the answers of `gateway_answers`.
        records: The runtime as it would be.
        settings: The stack, and the gateways' role.
        identity: How callers of the version sign in.

    Returns:
        What would happen; None when there is no gateway, without a call: a rollback makes none.

    Raises:
        LifecycleError: As `deploy_gateway`.
    """
    record = records.draft
    if not is_wanted(event.request, record):
        return None
    return _plan_wanted(event, clients, records, settings, _with_runtime(record, identity))


def _plan_wanted(
    event: StageEvent,
    clients: ReadingClients,
    records: DraftRecords,
    settings: GatewaySettings,
    record: Record,
) -> PlannedGateway:
    if is_mcp(event.request, record):
        return _plan_mcp(event, clients, McpFront.of(event, record, records, clients))
    control = clients.agentcore_control
    stack, environment = settings.stack_name, event.request.environment
    front = RuntimeFront(event, record, records, clients, settings)
    wanted, ledger = front.wanted, front.ledger
    before, acted = len(clients.acts), front.differs()
    # What the first step would wait for is not awaited: the target is looked at as it is now.
    _, observed = GatewayConverger(control, wanted, ledger, stack, environment).step()
    acts = {act.operation for act in clients.acts[before:]}
    if _is_replaced(observed, acts, wanted):
        return PlannedGateway(
            change="replace",
            name=wanted.name,
            repaired=list(ledger.mine.repaired),
            removes=would_remove(control, str(ledger.section.id)),
        )
    if observed is not None:
        gateway_id = observed["gatewayId"]
        TargetConverger(control, wanted, ledger, gateway_id).step()
        remove_foreign_rules(control, ledger, gateway_id, own_rules(record))
    acts = {act.operation for act in clients.acts[before:]}
    return PlannedGateway(
        change="create" if "create_gateway" in acts else "update" if acts or acted else "unchanged",
        name=wanted.name,
        repaired=list(ledger.mine.repaired),
    )


def _plan_mcp(event: StageEvent, clients: ReadingClients, front: McpFront) -> PlannedGateway:
    """As for a gateway in front of the runtime; the targets that follow the first change are looked at, too."""
    before, ledger, wanted = len(clients.acts), front.ledger, front.wanted
    acted = front.role_differs()
    _, observed = front.converge_gateway()
    acts = {act.operation for act in clients.acts[before:]}
    if _is_replaced(observed, acts, wanted):
        return PlannedGateway(
            change="replace",
            name=wanted.name,
            repaired=list(ledger.mine.repaired),
            removes=would_remove(clients.agentcore_control, str(ledger.section.id)),
        )
    if observed is not None:
        acted = front.targets(observed).look() or acted
    acts = {act.operation for act in clients.acts[before:]}
    return PlannedGateway(
        change="create" if "create_gateway" in acts else "update" if acts or acted else "unchanged",
        name=wanted.name,
        repaired=list(ledger.mine.repaired),
    )


def _is_replaced(observed: dict[str, Any] | None, acts: set[str], wanted: Wanted) -> bool:
    """Whether the gateway that is there has to go: it failed, or AgentCore does not change its authorizer's type."""
    if observed is None:
        return "create_gateway" not in acts
    kinds = ("authorizerType", "protocolType")
    return any(observed.get(kind) != wanted.gateway.get(kind) for kind in kinds)


def _with_runtime(record: Record, identity: IdentityRecord | None) -> Record:
    """The record as it would be after the promotion, with the sign-in of `live`; None if it is as was provisioned."""
    if record.runtime is None:
        return record
    arn = record.runtime.arn or unmade("the runtime")
    runtime = record.runtime.model_copy(update={"arn": arn, "live_identity": identity})
    return record.model_copy(update={"runtime": runtime})
