"""Deploy the runtime: create it, or compare it with what is wanted and write back what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import ArtifactChangeError
from lifecycle.polling.schedule import Kind
from lifecycle.record import Record
from lifecycle.request.closed.sign_in import is_guarded_by_policy
from lifecycle.request.model import Request
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.roles.use import role_of
from lifecycle.runtime import agentcore, comparison, configuration, endpoints
from lifecycle.runtime.changes import Plan, create, remove_failed, update
from lifecycle.runtime.configuration import Configuration
from lifecycle.runtime.description import DeployedRuntime, describe_runtime
from lifecycle.runtime.finding import adopt, find_runtime
from lifecycle.runtime.guard.converge import reopen
from lifecycle.runtime.ledger import RuntimeLedger
from lifecycle.sections.runtime import Change, RuntimeRecord
from lifecycle.settings import Settings
from lifecycle.table import Records


class DeploySettings(Settings):
    """The role that the runtime uses, and its model."""

    execution_role_arn: str
    model_id: str


_KINDS: dict[Change, Kind] = {"created": "create", "updated": "update"}


class DeployResult(Polled):
    """What `deploy_runtime` returns; done when the runtime was left unchanged and is ready.

    Attributes:
        runtime: The runtime; null when there is none yet (`change` is `pending`).
        change: What the execution did to the runtime. `pending`: the runtime is busy with an earlier change or is
            being deleted, and `check_runtime` tells when to deploy again.
        repaired: Manual changes (drift) that were found and repaired.
    """

    runtime: DeployedRuntime | None
    change: Change
    repaired: list[str]


def deploy_runtime(event: StageEvent, *, clients: Clients = CLIENTS) -> DeployResult:
    """Converge the runtime to what the request, the identity and the artifact require.

    Args:
        event: The stage's event; the deadline is the runtime's.
        clients: DynamoDB and AgentCore.

    Returns:
        The runtime, what was done and what was repaired. Unless it is done, `check_runtime` tells when the runtime is
        ready.

    Raises:
        ArtifactChangeError: The runtime is of the other kind of artifact; nothing was changed.
        InvalidRequestError: Another runtime has the environment's runtime name.
        RoleNotReadyError: AgentCore does not see the execution role yet.
        ServiceUnavailableError: AgentCore is busy with the runtime.
    """
    settings = DeploySettings.load()
    stack, environment = settings.stack_name, event.request.environment
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(environment, event.execution)
    ledger = open_ledger(event, records, record, stack)
    control = clients.agentcore_control
    if not is_guarded_by_policy(event.request, record):
        # The policy counts for all versions, also for the one that is tested next.
        reopen(control, ledger.runtime, lambda _ends: ledger.save())
    plan = make_plan(event.request, record, settings, control.meta.region_name)
    observed = find_runtime(control, ledger.runtime, stack, environment)
    step = converge(control, plan, ledger, observed)
    return _result(event, clients, ledger, step)


def open_ledger(event: StageEvent, records: Records, record: Record, stack: str) -> RuntimeLedger:
    """The runtime section that a deployment starts from."""
    environment = event.request.environment
    runtime = record.runtime or RuntimeRecord(name=names.runtime_name(stack, environment))
    return RuntimeLedger(records, environment, event.execution, runtime)


def make_plan(request: Request, record: Record, settings: DeploySettings, region: str) -> Plan:
    """Say how the runtime must be.

    Args:
        request: What is asked for.
        record: The environment's identity and artifact.
        settings: The stack, the agent's execution role and its model.
        region: The Region.

    Raises:
        ArtifactBuildError: The record has no published artifact.
    """
    stack = settings.stack_name
    role_arn = role_of(request, record, settings.execution_role_arn)
    return Plan(
        environment=request.environment,
        tags=names.tags(stack, request.environment) | request.tags,
        wanted=configuration.desired(request, record, role_arn, settings.model_id, stack, region),
        configured=configuration.configured(request, record.identity),
        role_arn=role_arn,
    )


@dataclass(frozen=True)
class Step:
    """What was done.

    Attributes:
        change: To the runtime's configuration.
        observed: The runtime after it; None when there is none.
        ready: Whether it is ready to be called.
        different: The parts of its configuration that were not as they must be.
    """

    change: Change
    observed: dict[str, Any] | None
    ready: bool = False
    different: tuple[str, ...] = ()


def converge(
    control: Any, plan: Plan, ledger: RuntimeLedger, observed: dict[str, Any] | None
) -> Step:
    """Do the next step.

    Args:
        control: AgentCore's control plane.
        plan: From `make_plan`.
        ledger: From `open_ledger`.
        observed: From `find_runtime`.

    Raises:
        LifecycleError: As `deploy_runtime`.
    """
    if observed is None:
        return Step("created", create(control, plan, ledger))
    adopt(control, ledger, observed, plan.tags)
    status = observed["status"]
    if status in ("CREATE_FAILED", "DELETE_FAILED"):
        remove_failed(control, ledger, observed)
        return Step("pending", None)
    if status == "DELETING":
        return Step("pending", None)
    _refuse_artifact_change(plan.wanted, observed)
    runtime = ledger.runtime
    dropped = comparison.dropped(runtime, plan.configured)
    different = comparison.differences(plan.wanted, observed, runtime, dropped)
    ledger.repair(*comparison.drift(different, plan.wanted, observed, runtime.deployed))
    if status in agentcore.BUSY:
        # The change in progress makes what is wanted, or else it must end before the next change can begin.
        if different:
            return Step("pending", observed)
        ledger.deployed(plan.wanted, plan.configured)
        return Step("unchanged", observed)
    default = endpoints.default_state(control, ledger, observed)
    endpoints.repair_live(control, ledger, plan.tags)
    _repair_tags(control, plan, ledger, observed["agentRuntimeArn"])
    if different or default == "wrong" or agentcore.is_failed(observed):
        answer = update(control, plan, ledger, observed)
        return Step("updated", answer, different=tuple(different))
    ledger.deployed(plan.wanted, plan.configured)
    ready = status == agentcore.READY and default == "ready"
    if ready:
        ledger.runtime.echoed = comparison.echoed(observed, ledger.runtime)
    return Step("unchanged", observed, ready)


def _refuse_artifact_change(wanted: Configuration, observed: dict[str, Any]) -> None:
    given, there = configuration.artifact_kind(wanted), configuration.artifact_kind(observed)
    if given != there:
        raise ArtifactChangeError.of(given, there, f"the runtime {observed['agentRuntimeId']}")


def _repair_tags(control: Any, plan: Plan, ledger: RuntimeLedger, arn: str) -> None:
    before = ledger.runtime.tags
    obsolete = [key for key in before if key not in plan.tags]
    missing = agentcore.write_tags(control, arn, plan.tags, obsolete)
    if missing and before == plan.tags:
        ledger.repair(f"tags of the runtime were changed: {', '.join(missing)}")
    ledger.runtime.tags = plan.tags


def _result(event: StageEvent, clients: Clients, ledger: RuntimeLedger, step: Step) -> DeployResult:
    runtime, observed = None, step.observed
    if observed is not None:
        version = observed["agentRuntimeVersion"]
        ledger.runtime.version = version
        runtime = describe_runtime(clients, ledger.runtime, agentcore.DEFAULT_ENDPOINT, version)
    change = ledger.intend(step.change, last=True)
    repaired = ledger.runtime.deployment.repaired if ledger.runtime.deployment else []
    # What this execution changed before, in a call whose answer was lost, is for `check_runtime` to judge.
    polled = event.looked(done=step.ready and change == "unchanged")
    if step.change in _KINDS:
        polled = event.began(_KINDS[step.change])
    return DeployResult(**polled, runtime=runtime, change=change, repaired=repaired)
