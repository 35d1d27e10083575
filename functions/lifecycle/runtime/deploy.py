"""Deploy the runtime: create it, or compare it with what is wanted and write back what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.errors import ArtifactChangeError
from lifecycle.polling.schedule import Kind
from lifecycle.record import Change, RuntimeRecord
from lifecycle.request.stage_event import Polled, StageEvent
from lifecycle.runtime import agentcore, comparison, configuration, endpoints
from lifecycle.runtime.changes import Plan, create, remove_failed, update
from lifecycle.runtime.configuration import Configuration
from lifecycle.runtime.description import DeployedRuntime, describe_runtime
from lifecycle.runtime.finding import adopt, find_runtime
from lifecycle.runtime.ledger import RuntimeLedger
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
    runtime = record.runtime or RuntimeRecord(name=names.runtime_name(stack, environment))
    ledger = RuntimeLedger(records, environment, event.execution, runtime)
    plan = Plan(
        environment=environment,
        tags=names.tags(stack, environment) | event.request.tags,
        wanted=configuration.desired(
            event.request,
            record,
            settings.execution_role_arn,
            settings.model_id,
            stack,
            clients.agentcore_control.meta.region_name,
        ),
        configured=configuration.configured(event.request),
        role_arn=settings.execution_role_arn,
    )
    observed = find_runtime(clients.agentcore_control, runtime, stack, environment)
    step = _converge(clients.agentcore_control, plan, ledger, observed)
    return _result(event, clients, ledger, step)


@dataclass(frozen=True)
class _Step:
    """What was done, the runtime after it (None when there is none), and whether it is ready to be called."""

    change: Change
    observed: dict[str, Any] | None
    ready: bool = False


def _converge(
    control: Any, plan: Plan, ledger: RuntimeLedger, observed: dict[str, Any] | None
) -> _Step:
    """Do the next step."""
    if observed is None:
        return _Step("created", create(control, plan, ledger))
    adopt(control, ledger, observed, plan.tags)
    status = observed["status"]
    if status in ("CREATE_FAILED", "DELETE_FAILED"):
        remove_failed(control, ledger, observed)
        return _Step("pending", None)
    if status == "DELETING":
        return _Step("pending", None)
    _refuse_artifact_change(plan.wanted, observed)
    runtime = ledger.runtime
    dropped = comparison.dropped(runtime, plan.configured)
    different = comparison.differences(plan.wanted, observed, runtime, dropped)
    ledger.repair(*comparison.drift(different, plan.wanted, observed, runtime.deployed))
    if status in agentcore.BUSY:
        # The change in progress makes what is wanted, or else it must end before the next change can begin.
        if different:
            return _Step("pending", observed)
        ledger.deployed(plan.wanted, plan.configured)
        return _Step("unchanged", observed)
    default = endpoints.default_state(control, ledger, observed)
    endpoints.repair_live(control, ledger, plan.tags)
    _repair_tags(control, plan, ledger, observed["agentRuntimeArn"])
    if different or default == "wrong" or agentcore.is_failed(observed):
        return _Step("updated", update(control, plan, ledger, observed))
    ledger.deployed(plan.wanted, plan.configured)
    ready = status == agentcore.READY and default == "ready"
    if ready:
        ledger.runtime.echoed = comparison.echoed(observed, ledger.runtime)
    return _Step("unchanged", observed, ready)


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


def _result(
    event: StageEvent, clients: Clients, ledger: RuntimeLedger, step: _Step
) -> DeployResult:
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
