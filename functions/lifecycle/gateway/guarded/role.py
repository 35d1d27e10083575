"""The role with which a gateway calls a runtime that callers with IAM reach through nothing else.

Without it the gateway passes its caller's own permissions on, and the runtime cannot tell its calls from direct ones.
Source: AgentCore developer guide, "Restrict IAM (SigV4) inbound invocation to your gateway".
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.doors.caller import CallingRole
from lifecycle.entry import refused_call
from lifecycle.errors import CredentialsError, GatewayError, ServiceUnavailableError
from lifecycle.gateway import calls
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.mcp.leaving import PURPOSE, own_role, remove_own_role
from lifecycle.gateway.mcp.role import ID_SUFFIX, NOTHING
from lifecycle.gateway.wanted import Wanted
from lifecycle.names import CANDIDATE_ENDPOINT, LIVE_ENDPOINT
from lifecycle.roles.converge import converge_role, differs
from lifecycle.roles.wanted import Policy, WantedRole, policy_of, trust_of
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT
from lifecycle.runtime.guard.document import PASSED_ON
from lifecycle.settings import Settings


class GatewaySettings(Settings):
    """What the stages that make gateways read.

    Attributes:
        gateway_role_arn: The role of gateways that pass on what their callers sign in with.
        gateway_boundary_arn: The permissions boundary of the roles that gateways have of their own.
    """

    gateway_role_arn: str
    gateway_boundary_arn: str


def own_role_arn(settings: GatewaySettings, environment: str) -> str:
    """The ARN of the role."""
    where = settings.gateway_role_arn.rpartition(":role/")[0]
    stack = settings.stack_name
    return f"{where}:role{names.role_path(stack)}{own_role(stack, environment)}"


def rights_to(runtime_arn: str) -> Policy:
    """The policy: to call exactly this runtime, at the endpoints that the lifecycle makes.

    See `PASSED_ON`. Not `InvokeAgentRuntimeForUser`: a caller of the gateway could speak for any user.

    Args:
        runtime_arn: The runtime; empty while there is none.
    """
    if not runtime_arn:
        return policy_of(NOTHING)
    endpoints = (DEFAULT_ENDPOINT, CANDIDATE_ENDPOINT, LIVE_ENDPOINT)
    resources = [runtime_arn, *(f"{runtime_arn}/runtime-endpoint/{name}" for name in endpoints)]
    return policy_of({"Effect": "Allow", "Action": PASSED_ON, "Resource": resources})


class OwnRole:
    """Makes the role, repairs it, and removes it.

    Args:
        clients: IAM and AgentCore's control plane.
        settings: The stack, and what its gateways' roles have in common.
        environment: Which environment.
        tags: The tags of the request.
        wanted: The gateway, with the runtime.
    """

    def __init__(
        self,
        clients: Clients,
        settings: GatewaySettings,
        environment: str,
        tags: dict[str, str],
        wanted: Wanted,
    ) -> None:
        self._iam = clients.iam
        self._arn = own_role_arn(settings, environment)
        region = str(clients.agentcore_control.meta.region_name)
        _, partition, _, _, account, _ = settings.gateway_role_arn.split(":", 5)
        place = f"arn:{partition}:bedrock-agentcore:{region}:{account}:"
        self._wanted = WantedRole.of(
            settings.stack_name,
            environment,
            PURPOSE,
            trust=trust_of(account, f"{place}gateway/{wanted.name}-{ID_SUFFIX}"),
            policy=rights_to(wanted.runtime_arn),
            boundary=settings.gateway_boundary_arn,
            tags_too=tags,
        )

    def converge(self, ledger: GatewayLedger) -> None:
        """Record the role, and make it or repair it.

        Raises:
            GatewayError: Somebody else's role has the name.
            ServiceUnavailableError: IAM does not show the role yet.
        """
        role = self._wanted
        known = ledger.section.caller
        if known is None or known.idle:
            known = (known or CallingRole(name=role.name)).model_copy(update={"idle": False})
            ledger.section.caller = known
            ledger.save()
        try:
            made = converge_role(
                self._iam,
                role,
                former=known.policy,
                former_tags=known.tags or None,
                fresh=known.written == ledger.execution and known.policy == role.policy,
            )
        except CredentialsError as error:
            raise GatewayError(str(error)) from error
        for phrase in made.repaired:
            ledger.repair(phrase)
        if made.repaired:
            ledger.intend("updated")
        changed = made.created or bool(made.repaired) or known.policy != role.policy
        now = known.model_copy(
            update={
                "policy": role.policy,
                "tags": dict(role.tags),
                "written": ledger.execution if changed else known.written,
            }
        )
        if now != known:
            ledger.section.caller = now
            ledger.save()

    def differs(self) -> bool:
        """For a plan: whether the role would be made, or its policy changed."""
        return differs(self._iam, self._wanted)

    def explained(
        self, error: ClientError, ledger: GatewayLedger
    ) -> ClientError | ServiceUnavailableError:
        """What to raise for an error of AgentCore: it may not see yet what this execution has written."""
        known = ledger.section.caller
        mine = known is not None and known.written == ledger.execution
        if not mine or not calls.is_about_role(error):
            return error
        return ServiceUnavailableError(
            f"AgentCore does not see the role {self._arn} yet ({refused_call(error)}); the lifecycle retries this step"
        )


def leave_own_role(clients: Clients, ledger: GatewayLedger, stack: str, environment: str) -> None:
    """Remove the role of a gateway that passes its caller's permissions on again."""
    if ledger.section.caller is not None:
        remove_own_role(clients, stack, environment)
        ledger.section.caller = None
        ledger.save(last=True)
