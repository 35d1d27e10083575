"""Plan the rollback: run its stages with clients that only read, and tell what they would have done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from lifecycle.artifact.given_image import is_there
from lifecycle.artifact.recorded import recorded_artifact
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.clients import CLIENTS, Clients
from lifecycle.credentials.deploy import CredentialsSettings
from lifecycle.entry import Wire
from lifecycle.gateway.guarded.role import GatewaySettings
from lifecycle.names import CANDIDATE_ENDPOINT, LIVE_ENDPOINT
from lifecycle.plan.artifact import artifact_answers, plan_artifact
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.gate import plan_gate
from lifecycle.plan.gateway import TESTED, gateway_answers, plan_gateway_back, plan_lock
from lifecycle.plan.identity import identity_answers, plan_identity
from lifecycle.plan.outbound.credentials import credentials_answers, plan_credentials
from lifecycle.plan.output import (
    Cost,
    PlannedArtifact,
    PlannedPromotion,
    PlannedResource,
    PlannedRuntime,
)
from lifecycle.plan.reading import ReadingClients, only_reading
from lifecycle.plan.rollback_output import PlannedVersion, RollbackPlan, ServedVersion
from lifecycle.plan.runtime import plan_runtime, runtime_answers
from lifecycle.plan.versions import version_differences
from lifecycle.promotions.entry import before, of_version
from lifecycle.promotions.store import PromotionItems
from lifecycle.request.cases.plan import CasePlan
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import agentcore
from lifecycle.runtime.deploy import DeploySettings
from lifecycle.runtime.readiness import deployed_record
from lifecycle.runtime.rollback import candidate, restore
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord

_TESTED = "whether the version passes its smoke test and its cases; `live` moves only after that"


class RollbackPlanEvent(StageEvent):
    """What the state machine passes to the stage.

    Attributes:
        cases: The cases that the version must also pass; null when there are none.
    """

    cases: CasePlan | None = None


class PlannedRollback(Wire):
    """What `plan_rollback` returns."""

    plan: RollbackPlan


@dataclass
class _Way:
    """What leads to the version: nothing but an endpoint, or the stages of a provision."""

    runtime: PlannedRuntime
    promotion: PlannedPromotion
    identity_then: IdentityRecord | None
    candidate: Literal["create", "move", "unchanged"] | None = None
    identity: list[PlannedResource] = field(default_factory=list)
    artifact: PlannedArtifact | None = None
    not_known: list[str] = field(default_factory=list)


class BackSettings(PublicationSettings, DeploySettings, GatewaySettings, CredentialsSettings):
    """What the stages that publish, deploy and keep a gateway read; a rollback's plan delivers nothing."""


def plan_rollback(event: RollbackPlanEvent, *, clients: Clients = CLIENTS) -> PlannedRollback:
    """Say what a rollback would do. Changes nothing, not even the record, and asks the agent nothing.

    The stages run in their order, each on what the one before it would have left. A call that would change something is
    answered here; AWS never sees it.

    Args:
        event: The execution, its request, and its cases.
        clients: DynamoDB, S3, ECR, CodeBuild, Cognito, Secrets Manager and AgentCore.

    Returns:
        The plan.

    Raises:
        EnvironmentNotFoundError: The record lists no runtime.
        SmokeTestError: The record has lost what the version was provisioned with.
        LifecycleError: What the other stages raise before they change something.
    """
    settings = BackSettings.load()
    answers = identity_answers(event, settings.stack_name) | artifact_answers() | runtime_answers()
    outbound = credentials_answers()
    answers["agentcore_control"] = {
        **answers["agentcore_control"],
        **gateway_answers(),
        **outbound["agentcore_control"],
    }
    answers["iam"] = outbound["iam"]
    reading = ReadingClients(clients, answers)
    with only_reading():
        return PlannedRollback(plan=_Planner(event, reading, settings).plan())


class _Planner:
    def __init__(
        self, event: RollbackPlanEvent, clients: ReadingClients, settings: BackSettings
    ) -> None:
        environment = event.request.environment
        self._event, self._clients, self._settings = event, clients, settings
        self._control = clients.agentcore_control
        self._records = DraftRecords(clients.dynamodb, settings.table_name, environment)
        self._runtime: RuntimeRecord = deployed_record(self._records.draft, environment)
        self._id, self._version = str(self._runtime.id), str(event.request.version)
        self._promotions = [
            one for one in self._records.draft.promotions if one.runtime_id == self._id
        ]
        items = PromotionItems(clients.dynamodb, settings.table_name)
        self._items = items
        self._then = items.of_version(environment, self._promotions, self._version)

    def plan(self) -> RollbackPlan:
        live = agentcore.get_endpoint(self._control, self._id, LIVE_ENDPOINT)
        # Before the stages change the draft.
        artifact_is_there = self._artifact_is_there()
        credentials = plan_credentials(self._event, self._clients, self._records, self._settings)
        there = candidate.answers_as_live(
            self._items, self._records.draft, self._version
        ) and restore.exists(self._control, self._id, self._version)
        way = self._back(live) if there else self._anew(live)
        endpoint = CANDIDATE_ENDPOINT if there else agentcore.DEFAULT_ENDPOINT
        builds = way.artifact.builds if way.artifact else 0
        minutes = way.artifact.build_minutes if way.artifact else None
        gateway = plan_gateway_back(
            *(self._event, self._clients, self._records, self._settings), way.identity_then
        )
        return RollbackPlan(
            version=self._planned_version(way, there, artifact_is_there),
            live=ServedVersion(
                version=live.get("liveVersion") if live else None,
                status=live["status"] if live else None,
            ),
            identity=way.identity,
            artifact=way.artifact,
            runtime=way.runtime,
            gate=plan_gate(
                self._event.request,
                self._event.cases,
                endpoint,
                way.identity_then,
                self._clients,
            ),
            promotion=way.promotion,
            gateway=gateway,
            credentials=credentials,
            cost=Cost(builds=builds, build_minutes=minutes),
            not_known=[*way.not_known, _TESTED, *([TESTED] if gateway else [])],
        )

    def _planned_version(self, way: _Way, there: bool, artifact: bool | None) -> PlannedVersion:
        promoted = of_version(self._promotions, self._version)
        serves = self._runtime.live_version
        last = before(self._promotions, serves) if serves else None
        is_last = last is not None and last.version == self._version
        others = {one.version for one in self._promotions} - {self._version, serves}
        return PlannedVersion(
            version=self._version,
            reason=f"the version that live served before version {serves}"
            if is_last
            else "the input names it",
            promoted_at=promoted.promoted_at if promoted else "",
            promoted_by=promoted.execution if promoted else "",
            others=sorted(others, key=int),
            exists=there,
            candidate=way.candidate,
            artifact_is_there=artifact,
        )

    def _artifact_is_there(self) -> bool | None:
        then = (self._then.artifact if self._then else None) or {}
        if then.get("sourceHash") is None:
            return is_there(self._clients, self._settings, str(then.get("containerUri")))
        found = recorded_artifact(self._event, self._clients, self._settings, self._records)
        return found is not None

    def _back(self, live: dict[str, Any] | None) -> _Way:
        """AgentCore has the version: an endpoint is moved to it."""
        draft = self._records.draft
        then = candidate.provisioned_with(
            self._items, draft.environment, self._promotions, self._version
        )
        known = len(self._clients.acts)
        step = restore.restore(
            *(self._event, self._clients, self._records, self._items, self._settings.stack_name)
        )
        acts = [act.operation for act in self._clients.acts[known:]]
        not_known = []
        if not step.done and not acts:
            not_known.append("what the endpoint candidate is like after its change in progress")
        wanted = agentcore.get_version(self._control, self._id, self._version)
        found, unseen = version_differences(self._control, self._id, live, wanted)
        return _Way(
            runtime=PlannedRuntime(change="unchanged", differences=found, repaired=[]),
            promotion=PlannedPromotion(
                moves=not agentcore.serves(live, self._version),
                from_version=live.get("liveVersion") if live else None,
                to_version=self._version,
            ),
            identity_then=candidate.identity_of(then, draft.identity, self._runtime.live_identity),
            candidate=_candidate(acts, done=step.done),
            not_known=not_known + unseen,
        )

    def _anew(self, live: dict[str, Any] | None) -> _Way:
        """The version is gone: the stages of a provision make it again from what the record has."""
        event, clients, settings = self._event, self._clients, self._settings
        records = self._records
        identity, unseen = plan_identity(event, clients, records, settings.stack_name)
        artifact, unbuilt = plan_artifact(event, clients, records, settings)
        plan_lock(event, clients, records, settings)
        known = len(clients.acts)
        runtime, promotion, undone = plan_runtime(event, clients, records, settings)
        updates = [
            dict(act.parameters)
            for act in clients.acts[known:]
            if act.operation == "update_agent_runtime"
        ]
        made = updates[-1] if updates else agentcore.get_runtime(self._control, self._id)
        found, missing = version_differences(self._control, self._id, live, made)
        return _Way(
            runtime=runtime.model_copy(update={"differences": found}),
            promotion=promotion,
            identity_then=records.draft.identity,
            identity=identity,
            artifact=artifact,
            not_known=[*unseen, *unbuilt, *undone, *missing],
        )


def _candidate(acts: list[str], *, done: bool) -> Literal["create", "move", "unchanged"]:
    if done:
        return "unchanged"
    # One that failed is deleted, and created again.
    anew = {"create_agent_runtime_endpoint", "delete_agent_runtime_endpoint"}
    return "create" if anew & set(acts) else "move"
