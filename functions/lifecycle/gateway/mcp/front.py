"""An environment's MCP gateway: its role, the gateway, and its targets, one step in a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayRecord
from lifecycle.entry import refused_call
from lifecycle.errors import (
    CredentialsError,
    EnvironmentNotFoundError,
    GatewayError,
    InvalidRequestError,
    ServiceUnavailableError,
)
from lifecycle.gateway import calls
from lifecycle.gateway.itself import GatewayConverger
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.mcp.leaving import PURPOSE, own_role
from lifecycle.gateway.mcp.outbound import Outbound
from lifecycle.gateway.mcp.recorded import recorded
from lifecycle.gateway.mcp.resolved import Place, Resolved, resolve
from lifecycle.gateway.mcp.role import ID_SUFFIX, rights_of
from lifecycle.gateway.mcp.targets import McpTargets
from lifecycle.gateway.mcp.wanted import McpWanted
from lifecycle.gateway.removal import gateway_label
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import Wanted
from lifecycle.record import Record
from lifecycle.request.cases.source import UnreadableError
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.model import Request
from lifecycle.request.reach import check as reach
from lifecycle.request.reach.documents import DocumentRefusedError
from lifecycle.request.stage_event import StageEvent
from lifecycle.roles.converge import Converged, converge_role, differs
from lifecycle.roles.wanted import WantedRole, trust_of
from lifecycle.table import Records


class McpSettings(reach.ReachSettings):
    """What the stages that make an MCP gateway read.

    Attributes:
        gateway_role_arn: The role of gateways in front of a runtime; an MCP gateway's own is in the same account.
        gateway_boundary_arn: The permissions boundary of the roles of environments.
    """

    gateway_role_arn: str
    gateway_boundary_arn: str


def is_mcp(request: Request, record: Record) -> bool:
    """Whether an environment is to have an MCP gateway; a rollback keeps the one that it has."""
    if request.action == "rollback":
        return record.gateway is not None and record.gateway.mcp is not None
    return request.gateway is not None and request.gateway.type == "mcp"


@dataclass
class McpFront:
    """The gateway and what it needs, in the order in which it is made.

    Attributes:
        ledger: The record's section, written through.
        wanted: How everything must be.
    """

    clients: Clients
    ledger: GatewayLedger
    wanted: McpWanted
    stack: str
    environment: str
    asked: Gateway
    role: WantedRole

    @classmethod
    def of(cls, event: StageEvent, record: Record, records: Records, clients: Clients) -> McpFront:
        """The front of an environment whose version is promoted.

        Args:
            event: The execution and its request, with the sign-in of the version that `live` serves.
            record: With the runtime, the identity and the credentials.
            records: The environments table, or a plan's draft of it.
            clients: DynamoDB, S3, IAM and AgentCore's control plane.

        Raises:
            EnvironmentNotFoundError: The record lists no runtime, or a rollback finds no gateway.
            InvalidRequestError: The stack does not allow a target any more, or its document was replaced.
        """
        settings = McpSettings.load()
        request = event.request
        asked = reach.checked(_asked(request, record), settings, lambda: clients.s3)
        role = _role_arn(settings, request.environment)
        common = Wanted.of(request, record, settings.stack_name, role)
        place = Place(
            runtime_arn=common.runtime_arn,
            region=str(clients.agentcore_control.meta.region_name),
            signs_in_with_iam=common.authorizer is None,
            outbound=_outbound(record),
            s3=lambda: clients.s3,
        )
        wanted = McpWanted(
            name=common.name,
            role_arn=role,
            authorizer=common.authorizer,
            runtime_arn=common.runtime_arn,
            tags=common.tags,
            targets=_resolved(asked, place),
        )
        ledger = GatewayLedger(
            records, request.environment, event.execution, record.gateway, wanted
        )
        return cls(
            clients,
            ledger,
            wanted,
            settings.stack_name,
            request.environment,
            asked,
            _role(wanted, request, settings, str(clients.agentcore_control.meta.region_name)),
        )

    def next_step(self) -> Step | None:
        """Do the next step; None when role, gateway and targets are there, ready, and as they must be.

        Raises:
            GatewayError: What this execution changed has failed, or somebody else's gateway has the name.
            ServiceUnavailableError: The name is in use, but no such gateway is listed yet, or AgentCore does not see
                the new role yet.
        """
        self.converge_role()
        step, observed = self.converge_gateway()
        if step is not None or observed is None:
            return step
        targets = self.targets(observed)
        step = targets.step()
        if step is not None:
            return step
        url = observed.get("gatewayUrl")
        if url is None:
            return Step(gateway_label(observed["gatewayId"]), "READY, but without an address")
        self.finish(observed, targets, str(url))
        return None

    def converge_role(self) -> None:
        """Record the role, and make it or repair it.

        Raises:
            GatewayError: Somebody else's role has the name.
        """
        self._record()
        mcp = _mcp_of(self.ledger.section)
        made = _converged(self, mcp)
        for phrase in made.repaired:
            self.ledger.repair(phrase)
        if made.repaired:
            self.ledger.intend("updated")
        written: dict[str, Any] = {"policy": self.role.policy, "role_tags": dict(self.role.tags)}
        if made.created or made.repaired:
            written["role_written"] = self.ledger.execution
        if mcp.model_copy(update=written) != mcp:
            self.ledger.section.mcp = mcp.model_copy(update=written)
            self.ledger.save(last=True)

    def role_differs(self) -> bool:
        """For a plan: whether the role would be made, or its policy changed."""
        self._record()
        return differs(self.clients.iam, self.role)

    def converge_gateway(self) -> tuple[Step | None, dict[str, Any] | None]:
        """Do the next step for the gateway itself; see `GatewayConverger`."""
        where = self.stack, self.environment
        control = self.clients.agentcore_control
        try:
            return GatewayConverger(control, self.wanted, self.ledger, *where).step()
        except ClientError as error:
            if _mcp_of(self.ledger.section).role_written != self.ledger.execution:
                raise
            raise _explained(error, self.wanted.role_arn) from error

    def targets(self, observed: dict[str, Any]) -> McpTargets:
        """What does the steps for the targets."""
        return McpTargets(
            self.clients.agentcore_control,
            self.wanted,
            self.ledger,
            _mcp_of(self.ledger.section),
            observed["gatewayId"],
        )

    def finish(self, observed: dict[str, Any], targets: McpTargets, url: str) -> None:
        """Record that everything is there."""
        digests = {part: names.digest(value) for part, value in self.wanted.parts.items()}
        echoed = self.wanted.echoes(observed, targets.seen)
        self.ledger.finish(url=url, deployed=digests, echoed=echoed, **_settled(self))

    def _record(self) -> None:
        """Record the role's name and what is asked, before either is made."""
        section, role = self.ledger.section, self.role
        mcp = recorded(section.mcp, self.asked, self.wanted, role, self.ledger.execution)
        if mcp != section.mcp:
            section.mcp = mcp
            self.ledger.save()


def _explained(error: ClientError, role_arn: str) -> ClientError | ServiceUnavailableError:
    """What to raise for an error of an execution that has just written the role."""
    if not calls.is_about_role(error):
        return error
    return ServiceUnavailableError(
        f"AgentCore does not see the role {role_arn} yet ({refused_call(error)}); the lifecycle retries this step"
    )


def _asked(request: Request, record: Record) -> Gateway:
    if request.gateway is not None:
        return request.gateway
    mcp = record.gateway.mcp if record.gateway else None
    if mcp is None:
        raise EnvironmentNotFoundError(
            f"environment '{request.environment}' has no MCP gateway; provision it with gateway"
        )
    return Gateway.model_validate(mcp.asked)


def _resolved(asked: Gateway, place: Place) -> dict[str, Resolved]:
    found = {}
    for index, target in enumerate(asked.targets):
        try:
            found[target.name] = resolve(target, place)
        except (DocumentRefusedError, UnreadableError) as error:
            raise InvalidRequestError(f"gateway.targets.{index}: {error}") from error
    return found


def _role_arn(settings: McpSettings, environment: str) -> str:
    where = settings.gateway_role_arn.rpartition(":role/")[0]
    stack = settings.stack_name
    return f"{where}:role{names.role_path(stack)}{own_role(stack, environment)}"


def _role(wanted: McpWanted, request: Request, settings: McpSettings, region: str) -> WantedRole:
    _, partition, _, _, account, _ = settings.gateway_role_arn.split(":", 5)
    place = f"arn:{partition}:bedrock-agentcore:{region}:{account}:"
    targets = wanted.targets.values()
    return WantedRole.of(
        settings.stack_name,
        request.environment,
        PURPOSE,
        trust=trust_of(account, f"{place}gateway/{wanted.name}-{ID_SUFFIX}"),
        policy=rights_of(targets, wanted.name, place),
        boundary=settings.gateway_boundary_arn,
        tags_too=request.tags,
    )


def _outbound(record: Record) -> dict[str, Outbound]:
    """The credentials of an environment that AgentCore has."""
    providers = record.credentials.providers if record.credentials else {}
    return {
        name: Outbound(one.type, one.arn, one.secret_arn, tuple(one.scopes))
        for name, one in providers.items()
        if one.arn is not None
    }


def _settled(front: McpFront) -> dict[str, Any]:
    """The targets have the wanted providers now, and no former one; the role is an MCP gateway's now."""
    mcp = _mcp_of(front.ledger.section)
    return {"mcp": mcp.model_copy(update={"providers": front.wanted.providers}), "caller": None}


def _converged(front: McpFront, mcp: McpRecord) -> Converged:
    # The gateway of a closed runtime has a role of the same name.
    caller = front.ledger.section.caller
    former = mcp.policy or (caller.policy if caller is not None else None)
    try:
        return converge_role(
            front.clients.iam,
            front.role,
            former=former,
            former_tags=mcp.role_tags,
            fresh=mcp.role_written == front.ledger.execution and mcp.policy == front.role.policy,
        )
    except CredentialsError as error:
        raise GatewayError(str(error)) from error


def _mcp_of(section: GatewayRecord) -> McpRecord:
    if section.mcp is None:
        raise AssertionError("the record has the role of an MCP gateway before its targets")
    return section.mcp
