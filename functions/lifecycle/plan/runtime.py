"""What would happen to the runtime and to `live`: the stage's own code, with an AgentCore that only reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from lifecycle.names import LIVE_ENDPOINT
from lifecycle.plan.differences import bounded, differences, tag_differences
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.output import Difference, PlannedPromotion, PlannedRuntime
from lifecycle.plan.reading import Act, Answer, ReadingClients, unmade
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import agentcore, deploy
from lifecycle.runtime.deploy import DeploySettings, Step
from lifecycle.runtime.finding import find_runtime
from lifecycle.sections.runtime import Change

_CHANGES: dict[Change, Literal["create", "update", "unchanged"]] = {
    "created": "create",
    "updated": "update",
    "unchanged": "unchanged",
}
_GOING = ("CREATE_FAILED", "DELETE_FAILED", "DELETING")


def runtime_answers() -> dict[str, dict[str, Answer]]:
    """The answers to the calls that would change AgentCore, for `ReadingClients`."""

    def created(_: Mapping[str, Any]) -> dict[str, Any]:
        of = unmade("the runtime")
        return dict.fromkeys(("agentRuntimeId", "agentRuntimeArn", "agentRuntimeVersion"), of)

    def nothing(_: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    return {
        "agentcore_control": {
            "create_agent_runtime": created,
            "update_agent_runtime": lambda _: {"agentRuntimeVersion": unmade("the new version")},
            **dict.fromkeys(
                (
                    "delete_agent_runtime",
                    "create_agent_runtime_endpoint",
                    "update_agent_runtime_endpoint",
                    "delete_agent_runtime_endpoint",
                    "tag_resource",
                    "untag_resource",
                ),
                nothing,
            ),
        }
    }


def plan_runtime(
    event: StageEvent, clients: ReadingClients, records: DraftRecords, settings: DeploySettings
) -> tuple[PlannedRuntime, PlannedPromotion, list[str]]:
    """Let the stage run, and tell what it would have done.

    Args:
        event: The execution and its request.
        clients: With the answers of `runtime_answers`.
        records: The identity and the artifact as they would be.
        settings: The stack, the agent's execution role and its model.

    Returns:
        The runtime, `live`, and what cannot be known.

    Raises:
        LifecycleError: As `deploy_runtime`.
    """
    control, stack = clients.agentcore_control, settings.stack_name
    before = len(clients.acts)
    ledger = deploy.open_ledger(event, records, records.draft, stack)
    plan = deploy.make_plan(event.request, records.draft, settings, control.meta.region_name)
    observed = find_runtime(control, ledger.runtime, stack, event.request.environment)
    step = deploy.converge(control, plan, ledger, observed)
    not_known = []
    if step.change == "pending" and observed is not None:
        # The provision waits until AgentCore is done with the runtime, and deploys again.
        status = observed["status"]
        not_known.append(f"what the runtime is like after its status {status}, which ends first")
        observed = None if status in _GOING else {**observed, "status": agentcore.READY}
        step = deploy.converge(control, plan, ledger, observed)
    change = _CHANGES[ledger.intend(step.change, last=True)]
    repaired = ledger.runtime.deployment.repaired if ledger.runtime.deployment else []
    acts = clients.acts[before:]
    found = _differences(control, step, observed, acts) if observed else []
    runtime = PlannedRuntime(change=change, differences=bounded(found), repaired=repaired)
    if change == "create":
        not_known.append(
            "whether a new runtime requires MMDSv2; if it does not, an update follows, and `repaired` says so"
        )
    if any(act.operation == "create_agent_runtime_endpoint" for act in acts):
        not_known.append(f"whether version {ledger.runtime.live_version} of `live` still exists")
    return runtime, _promotion(control, step, observed, acts), not_known


def _differences(
    control: Any, step: Step, observed: dict[str, Any], acts: list[Act]
) -> list[Difference]:
    found: list[Difference] = []
    wanted: dict[str, str | None] = {}
    for act in acts:
        if act.operation == "update_agent_runtime":
            found += differences(step.different, observed, dict(act.parameters))
        elif act.operation == "tag_resource":
            wanted |= act.parameters["tags"]
        elif act.operation == "untag_resource":
            wanted |= dict.fromkeys(act.parameters["tagKeys"])
    if wanted:
        found += tag_differences(agentcore.tags_of(control, observed["agentRuntimeArn"]), wanted)
    return found


def _promotion(
    control: Any, step: Step, observed: dict[str, Any] | None, acts: list[Act]
) -> PlannedPromotion:
    if observed is None:
        return PlannedPromotion(moves=True)
    endpoint = agentcore.get_endpoint(control, observed["agentRuntimeId"], LIVE_ENDPOINT)
    # Before it deploys, the stage puts `live` back on the version that it was promoted to.
    back = [
        act.parameters["agentRuntimeVersion"]
        for act in acts
        if act.operation.endswith("agent_runtime_endpoint")
    ]
    serves = back[0] if back else endpoint.get("liveVersion") if endpoint else None
    if step.change == "updated":
        return PlannedPromotion(moves=True, from_version=serves)
    version = observed["agentRuntimeVersion"]
    stays = serves == version if back else agentcore.serves(endpoint, version)
    return PlannedPromotion(moves=not stays, from_version=serves, to_version=version)
